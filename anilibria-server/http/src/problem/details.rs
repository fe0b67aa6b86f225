//! Error responses as problem details (RFC 9457).

use poem_openapi::Object;
use serde::Serialize;

use super::Problem;
use crate::{envelope::ErrorContext, error_code::ErrorCode, timestamp::Timestamp};

/// Media type of problem details.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// Address of the documentation of the error codes, up to the anchor of a code.
const DOCUMENTATION: &str =
    concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/anilibria-server/docs/errors.md#");

/// Body of an error response in the format `application/problem+json` (RFC 9457). The fields after `instance` are extensions and
/// have the same values as in the error envelope.
#[derive(Clone, Debug, Object, Serialize)]
pub struct ProblemDetails {
    /// URL of the documentation of the code.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub type_uri: String,
    /// Meaning of the code, in English.
    pub title: String,
    /// HTTP status of the response.
    pub status: u16,
    /// Message in Russian for the users of a site; in English for errors of service tokens.
    pub detail: String,
    /// Reference to this error, relative to the URL of the request: `#` and the id of the request.
    pub instance: String,
    /// Machine-readable code.
    pub code: ErrorCode,
    /// Time of the error.
    pub timestamp: Timestamp,
    /// Id of the request, as in the response header `X-Request-ID`.
    pub request_id: String,
    /// Details of the error.
    #[oai(flatten)]
    #[serde(flatten)]
    pub context: ErrorContext,
}

impl ProblemDetails {
    /// Creates the details of `problem`, which the request `request_id` caused.
    pub(super) fn new(problem: &Problem, request_id: &str) -> Self {
        let code = problem.code();
        Self {
            type_uri: type_uri(code),
            title: code.title().to_owned(),
            status: problem.status().as_u16(),
            detail: problem.message().into_owned(),
            instance: format!("#{request_id}"),
            code,
            timestamp: Timestamp::now(),
            request_id: request_id.to_owned(),
            context: problem.context(),
        }
    }
}

/// Returns the URI of the documentation of `code`.
fn type_uri(code: ErrorCode) -> String {
    format!("{DOCUMENTATION}{}", code.to_string().to_lowercase())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn details_of_the_error_are_extensions() {
        let problem = Problem::invalid("limit", "must be a whole number from 1 to 100");

        let mut details = serde_json::to_value(ProblemDetails::new(&problem, "r-1")).unwrap();

        assert!(details["timestamp"].take().is_string());
        assert_eq!(
            details,
            json!({
                "type": "https://github.com/anilibria/anilibria-rs/blob/main/anilibria-server/docs/errors.md#invalid_parameters",
                "title": "Invalid parameter", "status": 400, "detail": "Неверное значение параметра «limit»",
                "instance": "#r-1", "code": "INVALID_PARAMETERS", "timestamp": null, "request_id": "r-1",
                "field": "limit", "reason": "must be a whole number from 1 to 100",
            })
        );
    }

    #[test]
    fn facts_that_an_error_does_not_have_are_absent() {
        let details = serde_json::to_value(ProblemDetails::new(&Problem::NotFound, "r-1")).unwrap();

        assert_eq!(details.get("field"), None::<&Value>);
        assert_eq!(details.as_object().unwrap().len(), 8);
    }

    #[test]
    fn every_code_is_documented() {
        let documentation = include_str!("../../../docs/errors.md");

        for code in ErrorCode::ALL {
            let heading = format!("## {code}\n\n{}", code.title());
            assert!(documentation.contains(&heading), "{heading}");
        }
        assert_eq!(documentation.matches("\n## ").count(), ErrorCode::ALL.len());
    }
}
