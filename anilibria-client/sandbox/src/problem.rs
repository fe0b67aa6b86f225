//! Error responses with the bodies of Laravel.

use http::header::{ALLOW, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::reply::Reply;

/// An error response.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    body: Value,
    allow: Option<HeaderValue>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, body: json!({"message": message.into()}), allow: None }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// Creates a 405 response with the supported methods.
    pub(crate) fn method_not_allowed(asked: &Method, allowed: &[Method]) -> Self {
        let allowed: Vec<_> = allowed.iter().map(Method::as_str).collect();
        let allowed = allowed.join(", ");
        let message = format!("The {asked} method is not supported here. Supported methods: {allowed}.");
        let allow = HeaderValue::try_from(allowed).ok();
        Self { allow, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, message) }
    }

    /// Creates a 422 response with messages per field. The first message is also the message of the whole response.
    pub(crate) fn invalid(errors: Vec<(String, String)>) -> Self {
        let message = errors.first().map_or_else(String::new, |(_, message)| message.clone());
        let mut fields = Map::new();
        for (name, message) in errors {
            let messages = fields.entry(name).or_insert_with(|| json!([]));
            if let Value::Array(messages) = messages {
                messages.push(message.into());
            }
        }
        let body = json!({"message": message, "errors": fields});
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, body, allow: None }
    }

    /// Converts the error into a web page, for clients that did not request JSON.
    pub(crate) fn page(self) -> Reply {
        let (code, title) = (self.status.as_u16(), self.status.canonical_reason().unwrap_or("Error"));
        // The message may contain input of the client, so the page does not contain it.
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
             <body><h1>{code}</h1><p>{title}</p></body></html>\n"
        );
        with_allow(Reply::new(self.status, "text/html; charset=UTF-8", page.into()), self.allow)
    }

    /// Creates a 422 response about one field.
    pub(crate) fn invalid_field(name: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![(name.to_owned(), message.into())])
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        with_allow(Reply::json(problem.status, &problem.body), problem.allow)
    }
}

fn with_allow(reply: Reply, allow: Option<HeaderValue>) -> Reply {
    match allow {
        Some(allow) => reply.header(ALLOW, allow),
        None => reply,
    }
}
