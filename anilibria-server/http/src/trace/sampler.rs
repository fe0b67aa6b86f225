//! Sampling of traces.

use tracing::{Span, field::display};

use super::{Origin, TraceParent};

/// Decides which requests and which polls of AniLibria are traced. None are traced without a collector.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sampler {
    /// Share of requests to trace if the caller has not decided, 0 to 1. `None` disables tracing in any case.
    share: Option<f64>,
}

impl Sampler {
    /// Creates a sampler that traces `share` of the requests for which the caller has not decided, 0 to 1. `None` disables
    /// tracing: there is no collector.
    pub fn new(share: Option<f64>) -> Self {
        Self { share }
    }

    /// True if traces are sent to a collector.
    pub fn is_enabled(self) -> bool {
        self.share.is_some()
    }

    /// True if the work for `parent` is traced. The decision of the caller applies; without one, it is random.
    pub fn takes(self, parent: Option<&TraceParent>) -> bool {
        let Some(share) = self.share else { return false };
        parent.map_or_else(|| fastrand::f64() < share, TraceParent::is_sampled)
    }
}

/// Returns the span that `span` creates, with the id of its trace as a field; a disabled span unless `is_traced`.
pub fn root_span(is_traced: bool, span: impl FnOnce() -> Span) -> Span {
    if !is_traced {
        return Span::none();
    }
    let span = span();
    if let Some(origin) = Origin::of(&span) {
        span.record("trace_id", display(origin.trace_id()));
    }
    span
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
