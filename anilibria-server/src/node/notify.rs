//! Delivery of event notifications to the Node service.

use std::time::Duration;

use anilibria_client::support::retry_after;
use anilibria_http::trace::{TraceContext, parent};
use poem::http::{HeaderName, Method, StatusCode};
use reqwest::Response;
use serde_json::Value;
use time::OffsetDateTime;

use super::{NodeError, NodeService, TIMEOUT};

/// Header with the key by which the Node service detects a repeated notification.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Path of the notification endpoint.
const PATH: &str = "/internal/anilibria/notify";

/// Errors returned by [`NodeService::notify`].
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct NotifyError {
    /// The error of the call.
    #[source]
    pub error: NodeError,
    /// Delay that the service requests in `Retry-After`.
    pub retry_after: Option<Duration>,
}

impl NodeService {
    /// Sends the notification `body` about an event, within three seconds. The Node service detects repetitions by `key`.
    /// `origin` is the span of the event, whose trace the call continues.
    ///
    /// The circuit breaker is not used, because the sender already waits between retries.
    ///
    /// # Errors
    ///
    /// Returns an error unless the status of the response is a success.
    pub async fn notify(
        &self,
        key: &str,
        body: &Value,
        origin: Option<TraceContext>,
    ) -> Result<(), NotifyError> {
        let mut call = self.call(Method::POST, PATH, PATH).header(IDEMPOTENCY_KEY, key).json(body);
        if let Some(origin) = origin {
            call = call.header(parent::HEADER, origin.to_string());
        }
        let outcome: Result<(), NotifyError> = call.send(TIMEOUT, read).await;
        self.report(None, outcome.as_ref().err().map(|failed| &failed.error));
        outcome
    }
}

async fn read(response: Response) -> Result<(), NotifyError> {
    check(&response)
}

/// Returns an error unless the status is a success.
fn check(response: &Response) -> Result<(), NotifyError> {
    if response.status().is_success() {
        return Ok(());
    }
    let retry_after = retry_after(response.headers(), OffsetDateTime::now_utc());
    Err(NotifyError { error: NodeError::Status { status: response.status().as_u16() }, retry_after })
}

impl NotifyError {
    /// Returns true if a retry cannot succeed.
    pub fn is_final(&self) -> bool {
        let Some(status) = self.error.status().and_then(|status| StatusCode::from_u16(status).ok()) else {
            return false;
        };
        let is_temporary = matches!(
            status,
            // During a change of the secret of internal tokens, one service has the new secret before the other.
            StatusCode::UNAUTHORIZED
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_EARLY
                | StatusCode::TOO_MANY_REQUESTS
        );
        !status.is_server_error() && !is_temporary
    }
}

impl From<NodeError> for NotifyError {
    fn from(error: NodeError) -> Self {
        Self { error, retry_after: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_date() {
        let delay = |value: &str| {
            let response = poem::http::Response::builder().status(503).header("retry-after", value);
            check(&response.body("").unwrap().into()).unwrap_err().retry_after
        };

        assert_eq!(delay("120"), Some(Duration::from_mins(2)));
        assert_eq!(delay("Sun, 01 Nov 2020 12:00:00 GMT"), Some(Duration::ZERO));
        assert!(delay("Fri, 01 Nov 2999 12:00:00 GMT").is_some_and(|delay| delay > Duration::from_hours(24)));
        assert_eq!(delay("soon"), None);
    }

    #[test]
    fn only_temporary_failures_are_retried() {
        let is_final = |status| NotifyError::from(NodeError::Status { status }).is_final();

        assert!([301, 400, 403, 404, 410, 413, 422].into_iter().all(is_final));
        assert!(![401, 408, 425, 429, 500, 502, 503, 504].into_iter().any(is_final));
        assert!(!NotifyError::from(NodeError::Timeout { after: TIMEOUT }).is_final());
    }
}
