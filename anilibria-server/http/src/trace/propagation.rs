//! Traces that go on in other services: the headers of W3C Trace Context.

use opentelemetry::{Context, propagation::TextMapPropagator as _, trace::TraceContextExt as _};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use poem::http::HeaderMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The trace that `headers` belong to, if any.
pub fn remote(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers))
}

/// Headers that make what they are sent with a part of what is done in `span`; none unless that is traced.
pub fn outbound(span: &Span) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let context = span.context();
    if context.span().span_context().is_sampled() {
        TraceContextPropagator::new().inject_context(&context, &mut HeaderInjector(&mut headers));
    }
    headers
}
