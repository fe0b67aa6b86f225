//! Error codes of the v2 contract.

use std::fmt;

use poem_openapi::Enum;
use serde::Serialize;

/// Machine-readable code of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// A parameter, or a field of the body, is missing or invalid.
    InvalidParameters,
    /// No title has this id.
    TitleNotFound,
    /// The token is missing.
    Unauthorized,
    /// The token is malformed, has a wrong signature, or is of another kind.
    InvalidToken,
    /// The token has expired.
    TokenExpired,
    /// The token is not valid yet.
    TokenNotActive,
    /// The caller lacks the permission.
    Forbidden,
    /// No route serves this path.
    NotFound,
    /// The path does not support this method.
    MethodNotAllowed,
    /// The body is larger than the limit.
    PayloadTooLarge,
    /// Path and query are longer than the limit.
    UriTooLong,
    /// The headers are larger than the limit.
    HeadersTooLarge,
    /// The client exceeded its quota or a limit.
    RateLimitExceeded,
    /// AniLibria failed, or its answer was invalid.
    UpstreamError,
    /// AniLibria did not answer in time.
    UpstreamTimeout,
    /// The service cannot answer this request at present.
    ServiceUnavailable,
    /// Too many requests are in progress.
    Overloaded,
    /// The service failed.
    InternalError,
}

/// Writes the code as it is serialised.
impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
