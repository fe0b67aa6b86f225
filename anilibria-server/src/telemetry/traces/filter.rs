//! Filter for the spans and events of traces.

use std::sync::atomic::{AtomicUsize, Ordering};

use anilibria_http::trace::ROOT_TARGET;
use tracing::{
    Level, Metadata, Subscriber,
    level_filters::LevelFilter,
    span::{Attributes, Id},
    subscriber::Interest,
};
use tracing_subscriber::{
    layer::{Context, Filter},
    registry::LookupSpan,
};

/// Prefix of the targets of this service's own crates. Traces do not include the spans of other libraries.
const OURS: &str = "anilibria_";

/// Enables the spans that start a trace, the spans below them, and warnings and errors in these.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    /// Number of open spans. Usually it is 0, and then nothing can be part of a trace.
    open: AtomicUsize,
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Filter<S> for Traced {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        metadata.target() == ROOT_TARGET
            || self.open.load(Ordering::Relaxed) > 0
                && is_of_interest(metadata)
                // The current span, if this filter has enabled it.
                && context.lookup_current().is_some()
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target() == ROOT_TARGET {
            Interest::always()
        } else if is_of_interest(metadata) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn is_of_interest(metadata: &Metadata<'_>) -> bool {
    let most = if metadata.is_span() { Level::DEBUG } else { Level::WARN };
    *metadata.level() <= most && metadata.target().starts_with(OURS)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{debug_span, info, info_span, warn};
    use tracing_subscriber::{Layer, Registry, layer::SubscriberExt as _};

    use super::*;

    /// Records the names of spans and the levels of events.
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<String>>>);

    impl Layer<Registry> for Seen {
        fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, Registry>) {
            self.0.lock().unwrap().push(attributes.metadata().name().to_owned());
        }

        fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, Registry>) {
            self.0.lock().unwrap().push(event.metadata().level().to_string());
        }
    }

    /// Returns the spans and events that pass the filter while `work` runs.
    fn seen(work: impl FnOnce()) -> Vec<String> {
        let seen = Seen::default();
        let subscriber = tracing_subscriber::registry().with(seen.clone().with_filter(Traced::default()));
        tracing::subscriber::with_default(subscriber, work);
        seen.0.lock().unwrap().clone()
    }

    /// Creates the spans and events of a typical request.
    fn steps() {
        let _step = debug_span!("step").entered();
        let _inner = debug_span!("inner").entered();
        let _foreign = info_span!(target: "hyper", "foreign").entered();
        info!("no news");
        warn!("trouble");
    }

    #[test]
    fn what_is_below_a_root_is_let_through() {
        let names = seen(|| info_span!(target: ROOT_TARGET, "request").in_scope(steps));

        assert_eq!(names, ["request", "step", "inner", "WARN"]);
    }

    #[test]
    fn nothing_is_let_through_below_another_span() {
        let names = seen(|| {
            let _other_request = info_span!(target: ROOT_TARGET, "request");
            info_span!("request").in_scope(steps);
            steps();
        });

        assert_eq!(names, ["request"]);
    }
}
