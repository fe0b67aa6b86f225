//! Result of a handler, before its conversion into an HTTP response.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use serde_json::Value;

use super::body::SandboxBody;
use super::json;

/// A response: status, headers and bytes.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    /// Creates a JSON response in the notation of the live service.
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        Self::new(status, "application/json", json::laravel(value))
    }

    /// Creates a JSON response in plain notation, for the control API.
    pub(crate) fn plain_json(status: StatusCode, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string().into())
    }

    /// Creates a response without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// Creates an empty response with status 200. Laravel sends it as a web page.
    pub(crate) fn blank() -> Self {
        Self::new(StatusCode::OK, "text/html; charset=UTF-8", Bytes::new())
    }

    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: Bytes) -> Self {
        Self::empty(status).header(CONTENT_TYPE, HeaderValue::from_static(content_type)).with_body(body)
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    fn with_body(mut self, body: Bytes) -> Self {
        let length = HeaderValue::from(body.len());
        self.body = body;
        self.header(CONTENT_LENGTH, length)
    }

    /// Converts to an HTTP response. `cut` receives the length of the body and returns the number of bytes to send.
    pub(crate) fn into_response(self, cut: Option<fn(usize) -> usize>) -> Response<SandboxBody> {
        let length = self.body.len();
        let body = SandboxBody::new(self.body);
        let body = match cut {
            Some(cut) => body.breaking_after(cut(length)),
            None => body,
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    /// Removes the body, for `HEAD`.
    pub(crate) fn without_body(self) -> Self {
        Self { body: Bytes::new(), ..self }
    }
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        Self::json(StatusCode::OK, &value)
    }
}
