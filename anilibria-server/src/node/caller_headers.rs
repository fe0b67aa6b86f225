//! Headers of an incoming request that are forwarded to the Node service.

use anilibria_http::{request_id::RequestId, trace::TraceParent};
use poem::{
    FromRequest, Request, RequestBody,
    http::{HeaderMap, HeaderValue},
};

use super::FALLBACK;

/// Headers of a request to this service that matter for the call of the Node service that it causes.
#[derive(Clone, Debug, Default)]
pub struct CallerHeaders {
    /// True if the caller uses this service as its fallback. Such a request must not be forwarded to the Node service.
    pub is_fallback: bool,
    /// Request id, if the caller sent a valid one.
    pub request_id: Option<HeaderValue>,
    /// Position in the caller's trace, if the caller sent one.
    pub trace_parent: Option<TraceParent>,
}

impl CallerHeaders {
    /// Reads them from `headers`.
    pub fn of(headers: &HeaderMap) -> Self {
        Self {
            is_fallback: headers.contains_key(FALLBACK),
            request_id: RequestId::from_client(headers).map(RequestId::into_header),
            trace_parent: TraceParent::of(headers),
        }
    }
}

impl<'a> FromRequest<'a> for CallerHeaders {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::of(request.headers()))
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderName;

    use super::*;

    fn headers_of(name: &'static str, value: &'static str) -> CallerHeaders {
        let header = (HeaderName::from_static(name), HeaderValue::from_static(value));
        CallerHeaders::of(&HeaderMap::from_iter([header]))
    }

    #[test]
    fn any_value_of_the_header_marks_a_fallback() {
        for value in ["1", "0", "", "yes"] {
            assert!(headers_of("x-fallback", value).is_fallback, "{value:?}");
        }
        assert!(!headers_of("accept", "*/*").is_fallback);
    }

    #[test]
    fn only_valid_request_id_is_forwarded() {
        assert_eq!(headers_of("x-request-id", "req-1").request_id, Some(HeaderValue::from_static("req-1")));
        assert_eq!(headers_of("x-request-id", "<script>").request_id, None);
        assert_eq!(headers_of("accept", "*/*").request_id, None);
    }
}
