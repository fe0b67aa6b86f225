//! Sampling of traces.

use tracing::{Span, field::display};

use super::{TraceContext, TraceParent};

/// Decides which requests and which polls of AniLibria are traced. Nothing is traced without a collector.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sampler {
    /// Ratio of requests to trace if the caller has not decided, from 0 to 1. `None` disables tracing in any case.
    ratio: Option<f64>,
}

impl Sampler {
    /// Creates a sampler that traces `ratio` (from 0 to 1) of the requests for which the caller has not decided. `None` disables
    /// tracing: there is no collector.
    pub fn new(ratio: Option<f64>) -> Self {
        Self { ratio }
    }

    /// True if traces are sent to a collector.
    pub fn is_enabled(self) -> bool {
        self.ratio.is_some()
    }

    /// True if work for the caller `parent` is traced. The caller decides; without a caller, the decision is random.
    pub fn should_sample(self, parent: Option<&TraceParent>) -> bool {
        let Some(ratio) = self.ratio else { return false };
        parent.map_or_else(|| fastrand::f64() < ratio, TraceParent::is_sampled)
    }
}

/// Returns the span that `span` creates, with the id of its trace in the field `trace_id`. Returns a disabled span unless
/// `is_traced`.
pub fn root_span(is_traced: bool, span: impl FnOnce() -> Span) -> Span {
    if !is_traced {
        return Span::none();
    }
    let span = span();
    if let Some(context) = TraceContext::of(&span) {
        span.record("trace_id", display(context.trace_id()));
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
    fn caller_decides() {
        for ratio in [0.0, 1.0] {
            let sampler = Sampler { ratio: Some(ratio) };

            assert!(sampler.should_sample(parent("01").as_ref()));
            assert!(!sampler.should_sample(parent("00").as_ref()));
        }
    }

    #[test]
    fn ratio_decides_without_a_caller() {
        assert!((0..1000).all(|_| Sampler { ratio: Some(1.0) }.should_sample(None)));
        assert!(!(0..1000).any(|_| Sampler { ratio: Some(0.0) }.should_sample(None)));
    }

    #[test]
    fn nothing_is_sampled_without_a_collector() {
        assert!(!Sampler::default().should_sample(parent("01").as_ref()));
        assert!(!Sampler::default().should_sample(None));
    }
}
