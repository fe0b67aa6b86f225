//! Which requests are traced.

use tracing::{Span, info_span};

use super::ROOT;
use crate::{config::TelemetryConfig, http::trace_parent::TraceParent, realtime::event::Event};

/// Decides which requests are traced. None are unless there is somewhere to send traces.
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

    /// The span that a trace begins with which nobody asks for: that of telling the Node service of an event. None if it is
    /// not traced.
    pub(crate) fn notify(self, event: &Event) -> Span {
        if !self.takes(None) {
            return Span::none();
        }
        let (event_id, kind, title_id) = (event.id(), event.kind(), event.title_id());
        info_span!(target: ROOT, "notify", %event_id, event_type = %kind, title_id)
    }

    /// Whether what `parent` asks for is traced: if the asker's part of the trace is, or else some by chance.
    pub fn takes(self, parent: Option<&TraceParent>) -> bool {
        let Some(share) = self.share else { return false };
        parent.map_or_else(|| fastrand::f64() < share, TraceParent::is_sampled)
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderMap;

    use super::*;

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
    }
}
