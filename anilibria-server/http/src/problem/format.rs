//! Formats of error responses.

use poem::http::HeaderMap;

use crate::accept::names_problem_json;

/// Format of an error response of API v2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorFormat {
    /// `application/json`: the envelope that all responses have.
    #[default]
    Envelope,
    /// `application/problem+json` (RFC 9457).
    ProblemDetails,
}

impl ErrorFormat {
    /// Returns the format that `Accept` in `headers` of a request selects: problem details only if the header names them.
    pub fn of(headers: &HeaderMap) -> Self {
        if names_problem_json(headers) { Self::ProblemDetails } else { Self::Envelope }
    }
}
