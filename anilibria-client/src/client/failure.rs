//! What an answer with an error status means.

#[cfg(feature = "v3")]
pub(super) mod v3;

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::transport::Answer;
use crate::{Error, error::Validation};

/// How much of the service's own words goes into an error.
const MAX_MESSAGE: usize = 300;

/// Tells the error that an answer stands for; `None` when it is a good one.
pub(super) type Refusal = fn(&Answer) -> Option<Error>;

/// How API v1 refuses: by status.
pub(super) fn by_status(answer: &Answer) -> Option<Error> {
    (!answer.status.is_success()).then(|| from_answer(answer))
}

/// The error that an answer with an error status stands for.
pub(super) fn from_answer(answer: &Answer) -> Error {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let is_json = body.is_object();
    let message = message(&body);
    let status = answer.status.as_u16();
    match answer.status {
        StatusCode::NOT_FOUND if is_json || answer.body.is_empty() => Error::NotFound { message },
        StatusCode::UNAUTHORIZED => Error::Unauthorized { status, message },
        // The service's own 403 is JSON; a page in HTML comes from the firewall in front of it.
        StatusCode::FORBIDDEN if is_json => Error::Unauthorized { status, message },
        StatusCode::FORBIDDEN => Error::Blocked { status },
        StatusCode::UNPROCESSABLE_ENTITY => Validation { message, fields: fields(&body) }.into(),
        StatusCode::TOO_MANY_REQUESTS => {
            Error::RateLimited { retry_after: retry_after(&answer.headers, OffsetDateTime::now_utc()) }
        }
        _ => Error::Status { status, message },
    }
}

/// The service's own words. They are in `message` or in `error`, depending on who answers.
fn message(body: &Value) -> String {
    let text = ["message", "error"].iter().find_map(|key| body[key].as_str());
    text.unwrap_or_default().chars().take(MAX_MESSAGE).collect()
}

/// What is wrong with each parameter: a list of texts, or one text.
fn fields(body: &Value) -> BTreeMap<String, Vec<String>> {
    let texts = |reasons: &Value| match reasons {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let errors = body["errors"].as_object().into_iter().flatten();
    errors.map(|(name, reasons)| (name.clone(), texts(reasons))).collect()
}

/// The wait that `Retry-After` in the headers of an answer asks for, which is a number of seconds or a date. `now` is when
/// the answer came; a date that is past asks for no wait.
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
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
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

    fn answer(status: u16, body: &'static str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        from_answer(&Answer { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) })
    }

    #[test]
    fn forbidden_is_a_login_matter_in_json_and_a_block_in_html() {
        assert!(matches!(answer(403, r#"{"message":"no"}"#), Error::Unauthorized { status: 403, .. }));
        assert!(matches!(answer(403, "<html>Just a moment…</html>"), Error::Blocked { status: 403 }));
    }

    #[test]
    fn message_is_read_from_either_field_and_cut() {
        let long = format!(r#"{{"error":"{}"}}"#, "я".repeat(1000));

        let Error::Status { status, message } = answer(500, Box::leak(long.into_boxed_str())) else {
            panic!("not a status");
        };

        assert_eq!((status, message.chars().count()), (500, MAX_MESSAGE));
    }

    #[test]
    fn refused_parameters_keep_their_names_and_reasons() {
        let body =
            r#"{"message":"The limit…","errors":{"limit":["The limit field must not be greater than 50."]}}"#;

        let Error::Validation(validation) = answer(422, body) else { panic!("not a validation") };

        assert_eq!(validation.fields["limit"], ["The limit field must not be greater than 50."]);
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date_and_never_below_zero() {
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, datetime!(2026-11-01 12:00:00 UTC))
        };

        assert_eq!(read("120"), Some(Duration::from_mins(2)));
        assert_eq!(read("Sun, 01 Nov 2026 12:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("Sun, 01 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
