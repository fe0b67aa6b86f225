//! Conversion of responses into errors, by status, by body, or because a web page came in place of a response.

#[cfg(feature = "v3")]
pub(super) mod v3;

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderMap, StatusCode, header};
use memchr::memmem;
use serde_json::Value;
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::transport::Response;
use crate::{Error, error::Validation};

/// Maximum length of the service's message in an error, in characters.
const MAX_MESSAGE: usize = 300;

/// Differences between the APIs that a client can call.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    /// Returns the error of a response; `None` if it is a success.
    pub(super) error: fn(&Response) -> Option<Error>,
    /// The path with which the base URLs of the live service end, if it is always the same.
    pub(super) path: Option<&'static str>,
}

/// API v1.
pub(super) const V1: Dialect = Dialect { error: status_error, path: Some("/api/v1") };

/// API v3. A gateway may have it at any path.
#[cfg(feature = "v3")]
pub(super) const V3: Dialect = Dialect { error: v3::response_error, path: None };

/// Returns the error of a response of API v1, whose status tells success from failure.
fn status_error(response: &Response) -> Option<Error> {
    if response.status.is_success() { web_page_error(response) } else { Some(from_response(response)) }
}

/// Returns the error of a web page that came in place of a successful response of any operation: the challenge of a
/// firewall, a parked domain, or the login page of a network.
pub(super) fn web_page_error(response: &Response) -> Option<Error> {
    let is_page = is_web_page(&response.body);
    is_page.then(|| Error::blocked(response.status))
}

/// Returns the error of a response with an error status.
pub(super) fn from_response(response: &Response) -> Error {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let is_json = body.is_object();
    let message = message(&body);
    let status = response.status.as_u16();
    match response.status {
        StatusCode::NOT_FOUND if is_json || response.body.is_empty() => Error::NotFound { message },
        // A firewall sends its challenge with 403, 429 or 503.
        _ if response.headers.contains_key("cf-mitigated") => Error::blocked(response.status),
        // The service's own 401 and 403 are JSON; a page in HTML comes from the firewall or the network in front of it.
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED if is_json => {
            Error::Unauthorized { status, message }
        }
        StatusCode::UNAUTHORIZED if !is_web_page(&response.body) => Error::Unauthorized { status, message },
        StatusCode::FORBIDDEN
        | StatusCode::UNAUTHORIZED
        | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS
        | StatusCode::NETWORK_AUTHENTICATION_REQUIRED => Error::blocked(response.status),
        StatusCode::UNPROCESSABLE_ENTITY => Validation { message, fields: fields(&body) }.into(),
        StatusCode::TOO_MANY_REQUESTS => {
            Error::RateLimited { retry_after: retry_after(&response.headers, OffsetDateTime::now_utc()) }
        }
        _ => Error::Status { status, message },
    }
}

/// True if `body` is an HTML document. Headers are ignored: a service may send JSON as `text/html`, and a page may come
/// without a type.
pub(super) fn is_web_page(body: &[u8]) -> bool {
    let mut rest = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    // An XML declaration and comments may come before the document.
    while let Some(end) = [("<?", "?>"), ("<!--", "-->")].iter().find_map(|(start, end)| {
        let rest = rest.strip_prefix(start.as_bytes())?;
        memmem::find(rest, end.as_bytes()).map(|place| start.len() + place + end.len())
    }) {
        rest = rest[end..].trim_ascii_start();
    }
    let starts_with =
        |tag: &str| rest.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag.as_bytes()));
    ["<!doctype html", "<html", "<head", "<body", "<script", "<title", "<meta"].into_iter().any(starts_with)
}

/// Returns the message of the service, which is in `message` or in `error`.
fn message(body: &Value) -> String {
    let text = ["message", "error"].iter().find_map(|key| body[key].as_str());
    text.unwrap_or_default().chars().take(MAX_MESSAGE).collect()
}

/// Returns the reasons for each refused parameter, which are a list of texts or one text.
fn fields(body: &Value) -> BTreeMap<String, Vec<String>> {
    let texts = |reasons: &Value| match reasons {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let errors = body["errors"].as_object().into_iter().flatten();
    errors.map(|(name, reasons)| (name.clone(), texts(reasons))).collect()
}

/// Returns the wait that the header `Retry-After` requests: a number of seconds, or the time until a date. `now` is the time of
/// the response; the wait until a date in the past is zero. The value is not limited, so a caller that waits must limit it.
///
/// ```
/// use std::time::Duration;
///
/// use http::{HeaderMap, HeaderValue, header};
/// use time::macros::datetime;
///
/// let date = HeaderValue::from_static("Sun, 01 Nov 2026 12:00:30 GMT");
/// let headers = HeaderMap::from_iter([(header::RETRY_AFTER, date)]);
///
/// let wait = anilibria_client::support::retry_after(&headers, datetime!(2026-11-01 12:00 UTC));
///
/// assert_eq!(wait, Some(Duration::from_secs(30)));
/// ```
pub fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let format = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date = PrimitiveDateTime::parse(text, format).ok()?.assume_utc();
    Some(Duration::try_from(date - now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use time::macros::datetime;

    use super::*;

    fn response(status: u16, body: &'static str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        from_response(&Response {
            status,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        })
    }

    #[test]
    fn status_403_is_unauthorized_in_json_and_blocked_in_html() {
        assert!(matches!(response(403, r#"{"message":"no"}"#), Error::Unauthorized { status: 403, .. }));
        assert!(matches!(response(403, "<html>Just a moment…</html>"), Error::Blocked { status: 403, .. }));
    }

    #[test]
    fn message_is_read_from_either_field_and_cut() {
        let long = format!(r#"{{"error":"{}"}}"#, "я".repeat(1000));

        let Error::Status { status, message } = response(500, Box::leak(long.into_boxed_str())) else {
            panic!("not a status");
        };

        assert_eq!((status, message.chars().count()), (500, MAX_MESSAGE));
    }

    #[test]
    fn refused_parameters_keep_their_names_and_reasons() {
        let body =
            r#"{"message":"The limit…","errors":{"limit":["The limit field must not be greater than 50."]}}"#;

        let Error::Validation(validation) = response(422, body) else { panic!("not a validation") };

        assert_eq!(validation.fields["limit"], ["The limit field must not be greater than 50."]);
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date_and_anything_else_is_ignored() {
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, datetime!(2026-11-01 12:00:00 UTC))
        };

        assert_eq!(read("120"), Some(Duration::from_mins(2)));
        assert_eq!(read("Sun, 01 Nov 2026 12:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("Sun, 01 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("Fri, 31 Dec 9999 23:59:59 GMT").map(|wait| wait.as_secs() > 1 << 37), Some(true));
        assert_eq!(read("99999999999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        for odd in ["soon", "", "-1", "1.5", "+1", "Sun, 99 Nov 2026 12:00:30 GMT"] {
            assert_eq!(read(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn web_pages_are_recognised_among_all_kinds_of_responses() {
        let pages = [
            "<!DOCTYPE html><title>Just a moment...</title>",
            "\u{feff}\n <!doctype HTML>",
            "<html lang=ru>",
            "<HTML>",
            "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">",
            "<!-- captive portal --><html>",
            "<script>location='http://login.example'</script>",
        ];
        let bodies = [
            "",
            "{}",
            "[\"<html>\"]",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\">",
            "<rss/>",
            "<feed xmlns=\"http://www.w3.org/2005/Atom\">",
            "d8:announce3:urle",
            "<",
            "<!-- no end",
        ];

        for page in pages {
            assert!(is_web_page(page.as_bytes()), "{page}");
        }
        for body in bodies {
            assert!(!is_web_page(body.as_bytes()), "{body}");
        }
    }
}
