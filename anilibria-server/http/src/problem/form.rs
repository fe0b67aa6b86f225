//! Forms of error responses.

use poem::http::HeaderMap;

use crate::accept::names_problem_json;

/// Form of an error response to a client of version 2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorForm {
    /// The envelope of all responses.
    #[default]
    Envelope,
    /// `application/problem+json` (RFC 9457).
    ProblemDetails,
}

impl ErrorForm {
    /// Returns the form that `Accept` in `headers` of a request selects: problem details only if the header names them.
    pub fn of(headers: &HeaderMap) -> Self {
        if names_problem_json(headers) { Self::ProblemDetails } else { Self::Envelope }
    }
}
