//! Errors of API v3, which are in the body, sometimes with status 200.

use http::StatusCode;
use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;

use super::{MAX_MESSAGE, from_response, web_page_error};
use crate::{Error, client::transport::Response};

/// The keys of both forms: `{"error": {"code", "message"}}` of the API, `{"err", "mes", "key"}` of the site.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: Value,
    err: Value,
    mes: Value,
    key: Value,
}

/// Returns the error of a response with any status; `None` for a success.
pub(super) fn response_error(response: &Response) -> Option<Error> {
    // The headers contain the wait.
    if response.status == StatusCode::TOO_MANY_REQUESTS {
        return Some(from_response(response));
    }
    match parse(&response.body).and_then(|body| to_error(&body, response.status)) {
        None if response.status.is_success() => web_page_error(response),
        None => Some(from_response(response)),
        error => error,
    }
}

/// Returns the error in a message on an open connection, if it is one.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn message_error(message: &[u8]) -> Option<Error> {
    to_error(&parse(message)?, StatusCode::OK)
}

fn parse(body: &[u8]) -> Option<ErrorBody> {
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    if !is_object || memmem::find(body, b"\"err").is_none() {
        return None;
    }
    serde_json::from_slice(body).ok()
}

fn to_error(body: &ErrorBody, status: StatusCode) -> Option<Error> {
    match &body.error {
        Value::Object(error) if !error.is_empty() => {
            let code = error.get("code").and_then(number).unwrap_or(status.as_u16());
            return Some(Error::Api { code, key: None, message: text(error.get("message")) });
        }
        Value::String(message) if !message.is_empty() => {
            return Some(Error::Api { code: status.as_u16(), key: None, message: text(Some(&body.error)) });
        }
        _ => {}
    }
    let has_failed = match &body.err {
        Value::Null => false,
        Value::Bool(failed) => *failed,
        Value::Number(number) => number.as_f64() != Some(0.0),
        // The site reports success with these texts.
        Value::String(word) => !matches!(word.as_str(), "" | "ok"),
        Value::Array(_) | Value::Object(_) => true,
    };
    let key = body.key.as_str().map(cut);
    has_failed.then(|| Error::Api { code: 0, key, message: text(Some(&body.mes)) })
}

fn number(value: &Value) -> Option<u16> {
    match value {
        Value::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn text(value: Option<&Value>) -> String {
    cut(value.and_then(Value::as_str).unwrap_or_default())
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn read(status: u16, body: &str) -> Option<Error> {
        let status = StatusCode::from_u16(status).unwrap();
        response_error(&Response { status, headers: HeaderMap::new(), body: Bytes::from(body.to_owned()) })
    }

    fn api(status: u16, body: &str) -> (u16, Option<String>, String) {
        match read(status, body) {
            Some(Error::Api { code, key, message }) => (code, key, message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_forms_are_read_whatever_the_status() {
        let api_error = |code, text: &str| (code, None, text.to_owned());

        let error = r#"{"error":{"code":404,"message":"no title"}}"#;
        assert_eq!(
            (api(404, error), api(200, error)),
            (api_error(404, "no title"), api_error(404, "no title"))
        );
        assert_eq!(api(500, r#" {"error":{"code":"503","message":"later"}}"#), api_error(503, "later"));
        assert_eq!(api(412, r#"{"error":{"message":"a"}}"#), api_error(412, "a"));
        assert_eq!(api(403, r#"{"error":"no"}"#), api_error(403, "no"));
        let (code, key, message) = api(200, r#"{"err":"error","mes":"no","key":"wrongPasswd"}"#);
        assert_eq!((code, key.as_deref(), message.as_str()), (0, Some("wrongPasswd"), "no"));
    }

    #[test]
    fn successful_responses_are_not_errors() {
        for body in [
            r#"{"err":"ok","mes":"","key":"success"}"#,
            r#"{"err":"","key":"success"}"#,
            r#"{"error":null,"id":1}"#,
            r#"["error"]"#,
            r#"{"id":1,"description":"an \"error\""}"#,
            "[]",
            "",
        ] {
            assert!(read(200, body).is_none(), "{body}");
        }
    }

    #[test]
    fn response_in_another_form_is_an_error_by_status() {
        assert!(matches!(read(502, "<html>"), Some(Error::Status { status: 502, .. })));
        assert!(matches!(read(404, "<html>"), Some(Error::Status { status: 404, .. })));
        assert!(matches!(read(403, "<html>"), Some(Error::Blocked { .. })));
        assert!(matches!(
            read(429, r#"{"error":{"code":429,"message":"slow"}}"#),
            Some(Error::RateLimited { .. })
        ));
        assert!(matches!(read(500, r#"{"err":"ok"}"#), Some(Error::Status { status: 500, .. })));
    }
}
