//! One call of the Node service, with a timeout, metrics and a span in the current trace.

use std::{
    fmt,
    time::{Duration, Instant},
};

use anilibria_http::trace::outbound_headers;
use metrics::{counter, histogram};
use poem::http::{HeaderName, HeaderValue, header};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio::time::timeout;
use tracing::{Instrument as _, Span, debug_span, field::Empty};

use super::{
    NodeError,
    metrics::{DURATION, REQUESTS},
};

/// Labels of a call in metrics: its source and its target.
const SERVICES: [(&str, &str); 2] = [("source_service", "python"), ("target_service", "nodejs")];

/// A call that is not sent yet.
pub(super) struct Call {
    /// Pattern of the path, so that the number of labels is limited.
    endpoint: &'static str,
    request: RequestBuilder,
    span: Span,
}

impl Call {
    /// Creates a call from `request`. `endpoint` is the pattern of its path.
    pub(super) fn new(endpoint: &'static str, request: RequestBuilder) -> Self {
        let span = debug_span!(
            "inter_service_call",
            otel.kind = "client",
            peer.service = "nodejs",
            http.route = endpoint,
            http.status_code = Empty,
            otel.status_code = Empty,
            error = Empty,
            error.message = Empty,
        );
        Self { endpoint, request, span }
    }

    /// Adds a header. An invalid value is ignored.
    pub(super) fn header(self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        match value.try_into() {
            Ok(value) => Self { request: self.request.header(name, value), ..self },
            Err(_) => self,
        }
    }

    /// Sets a JSON body.
    pub(super) fn json(self, body: &Value) -> Self {
        let with_type = self.header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { request: with_type.request.body(body.to_string()), ..with_type }
    }

    /// Sends the call and reads the response with `read`. Both together take at most `limit`.
    ///
    /// # Errors
    ///
    /// Returns the error of the call or of `read`, or [`NodeError::Timeout`] after `limit`.
    pub(super) async fn send<T, E, F>(self, limit: Duration, read: impl FnOnce(Response) -> F) -> Result<T, E>
    where
        E: From<NodeError> + fmt::Display,
        F: Future<Output = Result<T, E>>,
    {
        let Self { endpoint, request, span } = self;
        // Replaces the caller's `traceparent` if this call is traced. Otherwise the caller's header is forwarded.
        let request = request.headers(outbound_headers(&span));
        let start = Instant::now();
        let mut status = None;
        let exchange = async {
            let response = request.send().await.map_err(NodeError::from)?;
            status = Some(response.status());
            read(response).await
        };
        let outcome = timeout(limit, exchange.instrument(span.clone())).await;
        let outcome = outcome.unwrap_or_else(|_| Err(NodeError::Timeout { after: limit }.into()));
        count(endpoint, status, start.elapsed());
        record(&span, status, outcome.as_ref().err());
        outcome
    }
}

/// Counts the call in the metrics.
fn count(endpoint: &'static str, status: Option<StatusCode>, took: Duration) {
    let [source, target] = SERVICES;
    let status = status.map_or_else(|| "error".to_owned(), |status| status.as_str().to_owned());
    let labels = [source, target, ("endpoint", endpoint)];
    histogram!(DURATION, &labels).record(took);
    counter!(REQUESTS, source.0 => source.1, target.0 => target.1, "endpoint" => endpoint, "status" => status)
        .increment(1);
}

/// Records the outcome of the call in its span.
fn record(span: &Span, status: Option<StatusCode>, error: Option<&impl fmt::Display>) {
    if let Some(status) = status {
        span.record("http.status_code", status.as_u16());
    }
    if let Some(error) = error {
        span.record("otel.status_code", "ERROR");
        span.record("error", true);
        span.record("error.message", tracing::field::display(error));
    }
}
