//! What is traced.

use tracing::{
    Span,
    field::{Empty, display},
    info_span,
};

use super::{Origin, ROOT};
use crate::{
    config::TelemetryConfig,
    events::{bus::DESTINATION, event::Event},
    http::trace_parent::TraceParent,
};

/// Decides which requests and which looks at AniLibria are traced. None are unless there is somewhere to send traces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sampler {
    /// Of all that nobody else has decided about, 0 to 1; `None` when nothing is traced, whatever others say.
    share: Option<f64>,
}

impl Sampler {
    /// Decides as `config` says.
    pub fn new(config: &TelemetryConfig) -> Self {
        let share = config.otel_traces_sampler_arg;
        Self { share: config.otel_exporter_otlp_endpoint.as_ref().map(|_| share) }
    }

    /// The span of a look of the watcher at AniLibria, and of all that it finds. None if that is not traced.
    pub(crate) fn look(self) -> Span {
        if !self.takes(None) {
            return Span::none();
        }
        shown_in_the_log(info_span!(
            target: ROOT,
            "anilibria_look",
            otel.status_code = Empty,
            trace_id = Empty
        ))
    }

    /// The span in which the mirrored catalogue is compared with AniLibria: as a whole, if it is about `everything`. None if
    /// that is not traced.
    pub(crate) fn sync(self, everything: bool) -> Span {
        if !self.takes(None) {
            return Span::none();
        }
        shown_in_the_log(info_span!(
            target: ROOT,
            "catalogue_sync",
            sync.everything = everything,
            otel.status_code = Empty,
            trace_id = Empty
        ))
    }

    /// The span in which the Node service is told of `event`, which came over a bus of the kind `system`, for the `attempt`th
    /// time: a part of the trace in which the event came about. None if there is no such trace.
    pub(crate) fn notify(self, event: &Event, attempt: usize, system: &'static str) -> Span {
        let Some(origin) = event.origin().filter(|_| self.share.is_some()) else { return Span::none() };
        let (event_id, kind, title_id) = (event.id(), event.kind(), event.title_id());
        let span = info_span!(
            target: ROOT,
            "notify",
            otel.kind = "consumer",
            otel.status_code = Empty,
            messaging.system = system,
            messaging.operation.name = "notify",
            messaging.operation.type = "process",
            messaging.destination.name = DESTINATION,
            messaging.message.id = %event_id,
            %event_id,
            event_type = %kind,
            title_id,
            attempt,
            trace_id = Empty
        );
        origin.adopt(&span);
        shown_in_the_log(span)
    }

    /// Whether what `parent` asks for is traced: if the asker's part of the trace is, or else some by chance.
    pub fn takes(self, parent: Option<&TraceParent>) -> bool {
        let Some(share) = self.share else { return false };
        parent.map_or_else(|| fastrand::f64() < share, TraceParent::is_sampled)
    }
}

/// The same, with the id of its trace in lines of the log.
fn shown_in_the_log(span: Span) -> Span {
    if let Some(origin) = Origin::of(&span) {
        span.record("trace_id", display(origin.trace_id()));
    }
    span
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderMap;

    use super::{super::origin::ORIGIN, *};
    use crate::{
        events::{event::EventId, notice::Notice},
        titles::model::title::TitleStatus,
    };

    fn parent(flags: &str) -> Option<TraceParent> {
        let value = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
        TraceParent::of(&HeaderMap::from_iter([("traceparent".parse().unwrap(), value.parse().unwrap())]))
    }

    #[test]
    fn whoever_asks_decides() {
        for share in [0.0, 1.0] {
            let sampler = Sampler { share: Some(share) };

            assert!(sampler.takes(parent("01").as_ref()));
            assert!(!sampler.takes(parent("00").as_ref()));
        }
    }

    #[test]
    fn all_or_none_of_the_others_are_taken() {
        assert!((0..1000).all(|_| Sampler { share: Some(1.0) }.takes(None)));
        assert!(!(0..1000).any(|_| Sampler { share: Some(0.0) }.takes(None)));
    }

    #[test]
    fn nothing_is_taken_when_there_is_nowhere_to_send_it() {
        assert!(!Sampler::default().takes(parent("01").as_ref()));
        assert!(!Sampler::default().takes(None));
        assert!(Sampler::default().look().is_none() && Sampler::default().sync(true).is_none());
    }

    #[test]
    fn node_service_is_told_within_the_trace_of_the_event_or_within_none() {
        let _listening = tracing::subscriber::set_default(tracing_subscriber::registry());
        let (old, new) = (TitleStatus::Ongoing, TitleStatus::Completed);
        let untraced =
            Event::new(EventId::now(), &Notice::StatusChange { title_id: 7, old, new, version: 0 });
        let traced = untraced.clone().come_from(Origin::read(ORIGIN.as_bytes()));

        for (sampler, event, is_traced) in [
            // Whoever has seen it first has decided.
            (Sampler { share: Some(0.0) }, &traced, true),
            (Sampler { share: Some(1.0) }, &untraced, false),
            (Sampler::default(), &traced, false),
        ] {
            assert_eq!(!sampler.notify(event, 1, "redis").is_none(), is_traced, "{sampler:?}");
        }
    }
}
