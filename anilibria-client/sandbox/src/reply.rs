//! What a handler answers, before it becomes an HTTP response.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use serde_json::Value;

use super::body::SandboxBody;
use super::json;

/// An answer: status, headers, bytes.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    /// JSON in the upstream's spelling.
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        Self::new(status, "application/json", json::laravel(value))
    }

    /// JSON in plain spelling, for a person who reads the control API.
    pub(crate) fn plain_json(status: StatusCode, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string().into())
    }

    /// An answer with nothing in it.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// 200 with nothing in it, which is a web page to Laravel.
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

    /// The response, with its body cut as `cut` says: it gets the length and gives the bytes to send.
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

    /// The same answer without its body, for `HEAD`.
    pub(crate) fn without_body(self) -> Self {
        Self { body: Bytes::new(), ..self }
    }
}

impl From<Value> for Reply {
    fn from(value: Value) -> Self {
        Self::json(StatusCode::OK, &value)
    }
}
