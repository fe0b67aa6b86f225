//! Conversion of a problem into a response.

use std::time::Duration;

use poem::{
    Body, Response,
    error::ResponseError,
    http::{HeaderValue, StatusCode, header},
};
use serde::Serialize;

use super::{ErrorFormat, Problem, ProblemDetails, details::MEDIA_TYPE};
use crate::{
    cache_control,
    envelope::{ErrorBody, ErrorDetails},
    timestamp::Timestamp,
    vary,
};

/// Media type of the envelope. It has no charset, because some generated clients compare it with the media types in the
/// OpenAPI document.
const ENVELOPE: &str = "application/json";

/// `Retry-After` while the service is overloaded.
const OVERLOADED_RETRY_AFTER: Duration = Duration::from_secs(1);

impl Problem {
    /// Returns the response to the request `request_id` in `format`.
    pub fn to_response(&self, request_id: &str, format: ErrorFormat) -> Response {
        let (media_type, body) = match format {
            ErrorFormat::Envelope => (ENVELOPE, json(&self.envelope(request_id))),
            ErrorFormat::ProblemDetails => (MEDIA_TYPE, json(&ProblemDetails::new(self, request_id))),
        };
        let mut response = self.respond(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        vary::add(response.headers_mut(), "Accept");
        response
    }

    fn envelope(&self, request_id: &str) -> ErrorBody {
        ErrorBody {
            success: false,
            error: ErrorDetails {
                code: self.code(),
                message: self.message().into_owned(),
                details: self.context(),
            },
            timestamp: Timestamp::now(),
            request_id: request_id.to_owned(),
        }
    }

    /// Returns the response with `body`, and with the status and headers of this problem.
    pub fn respond(&self, body: Body) -> Response {
        self.respond_as(self.status(), body)
    }

    /// Returns the same response as [`respond`](Self::respond), with another status.
    pub fn respond_as(&self, status: StatusCode, body: Body) -> Response {
        let mut response = Response::builder().status(status).content_type(crate::rendered::JSON).body(body);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, self.cache_control());
        if let Some((name, value)) = self.header() {
            headers.insert(name, value);
        }
        response
    }

    /// Returns the `Cache-Control` of the response. Caches may store the absence of a title for a short time. They must not
    /// store responses for unrouted paths, because the number of such paths is unlimited.
    fn cache_control(&self) -> HeaderValue {
        match self {
            Self::TitleNotFound { .. } | Self::Missing { .. } => cache_control::NOT_FOUND,
            _ => cache_control::NO_STORE,
        }
    }

    /// Returns the header that names the alternative or the delay: `Allow`, `Sec-WebSocket-Version`, `WWW-Authenticate` or
    /// `Retry-After`.
    fn header(&self) -> Option<(header::HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed { allow } => Some((header::ALLOW, allow.clone())),
            // RFC 6455, section 4.4: the response names the supported version.
            Self::WebSocketVersion => Some((header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"))),
            Self::Unauthorized { .. } => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::Unavailable { retry_after, .. }
            | Self::NoCatalog { retry_after }
            | Self::RateLimited { retry_after } => Some((header::RETRY_AFTER, seconds(*retry_after))),
            Self::Overloaded => Some((header::RETRY_AFTER, seconds(OVERLOADED_RETRY_AFTER))),
            _ => None,
        }
    }
}

fn json(body: &impl Serialize) -> Body {
    Body::from_json(body).unwrap_or_default()
}

/// Returns whole seconds, rounded up so that no client retries too early.
fn seconds(wait: Duration) -> HeaderValue {
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HeaderValue::from(whole)
}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        Self::status(self)
    }

    /// Used only for a route outside the endpoint that wraps all routes. The request id is unknown in that case.
    fn as_response(&self) -> Response {
        self.to_response("", ErrorFormat::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_is_rounded_up_to_whole_seconds() {
        assert_eq!(seconds(Duration::from_millis(1)), "1");
        assert_eq!(seconds(Duration::from_secs(30)), "30");
    }

    #[test]
    fn formats_differ_in_the_media_type_only() {
        let response = |format| Problem::title_not_found(7).to_response("r-1", format);

        let (envelope, details) = (response(ErrorFormat::Envelope), response(ErrorFormat::ProblemDetails));

        assert_eq!(envelope.content_type(), Some("application/json"));
        assert_eq!(details.content_type(), Some("application/problem+json"));
        assert_eq!(envelope.status(), details.status());
        for name in ["vary", "cache-control"] {
            assert!(
                envelope.header(name).is_some() && envelope.header(name) == details.header(name),
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn cause_is_not_sent_to_clients() {
        let problem = Problem::internal("password is hunter2");

        let body = problem.to_response("r-1", ErrorFormat::Envelope).into_body().into_string().await.unwrap();

        assert!(body.contains("INTERNAL_ERROR"), "{body}");
        assert!(!body.contains("hunter2"), "{body}");
    }
}
