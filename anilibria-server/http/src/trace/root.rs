//! A request as its trace shows it.

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

use super::remote;

/// The span that all of a request is done in.
pub struct Root {
    context: Context,
}

impl Root {
    /// Makes `span` what is done for `request`, as a part of the trace that it belongs to, if it does.
    pub fn of(span: &Span, request: &Request) -> Self {
        // Refused where nothing makes traces of spans; then there is nothing to be a part of.
        let _ = span.set_parent(remote(request.headers()));
        let context = span.context();
        let attributes = [
            KeyValue::new("http.method", request.method().to_string()),
            KeyValue::new("http.target", request.uri().path().to_owned()),
        ];
        context.span().set_attributes(attributes);
        Self { context }
    }

    /// Id of the trace: 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        self.context.span().span_context().trace_id().to_string()
    }

    /// Names it after `route`, a pattern: there are only so many.
    pub fn name(&self, method: &Method, route: &str) {
        let span = self.context.span();
        span.update_name(format!("{method} {route}"));
        span.set_attribute(KeyValue::new("http.route", route.to_owned()));
    }

    /// Notes how it ended.
    pub fn end(&self, status: StatusCode) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.status_code", i64::from(status.as_u16())));
        if status.is_server_error() {
            span.set_status(Status::error(""));
        }
    }
}
