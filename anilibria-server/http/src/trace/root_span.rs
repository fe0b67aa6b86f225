//! Root span of a traced request.

use opentelemetry::{
    Context, KeyValue,
    trace::{Status, TraceContextExt as _},
};
use poem::{
    Request,
    http::{Method, StatusCode},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::extract_context;

/// The span around the whole processing of a request.
pub struct RootSpan {
    context: Context,
}

impl RootSpan {
    /// Makes `span` the root span of `request`. If the headers of the request name a trace, the span joins it.
    pub fn new(span: &Span, request: &Request) -> Self {
        // Fails if no layer records traces. Then there is no trace to join.
        let _ = span.set_parent(extract_context(request.headers()));
        let context = span.context();
        let attributes = [
            KeyValue::new("http.method", request.method().to_string()),
            KeyValue::new("http.target", request.uri().path().to_owned()),
        ];
        context.span().set_attributes(attributes);
        Self { context }
    }

    /// Returns the id of the trace: 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        self.context.span().span_context().trace_id().to_string()
    }

    /// Names the span after the method and the `route`, which must be a pattern so that the number of names is limited.
    pub fn set_route(&self, method: &Method, route: &str) {
        let span = self.context.span();
        span.update_name(format!("{method} {route}"));
        span.set_attribute(KeyValue::new("http.route", route.to_owned()));
    }

    /// Records the status of the response.
    pub fn set_status(&self, status: StatusCode) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.status_code", i64::from(status.as_u16())));
        if status.is_server_error() {
            span.set_status(Status::error(""));
        }
    }
}
