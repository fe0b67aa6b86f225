//! Error codes of the v2 contract.

use std::fmt;

use poem_openapi::Enum;
use serde::Serialize;

/// What went wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// A parameter is missing, malformed or out of its bounds.
    InvalidParameters,
    /// There is no such title.
    TitleNotFound,
    /// Nobody asks who may be told: there is no token.
    Unauthorized,
    /// The token is malformed, forged, or of another kind.
    InvalidToken,
    /// The token's time is over.
    TokenExpired,
    /// The token's time has not come.
    TokenNotActive,
    /// Whoever asks may not.
    Forbidden,
    /// There is nothing at this address.
    NotFound,
    /// The address does not take this method.
    MethodNotAllowed,
    /// The body is larger than the limit.
    PayloadTooLarge,
    /// The address is longer than the limit.
    UriTooLong,
    /// The headers are larger than the limit.
    HeadersTooLarge,
    /// The client asks more often than it may.
    RateLimitExceeded,
    /// AniLibria failed, or answered nonsense.
    UpstreamError,
    /// AniLibria did not answer in time.
    UpstreamTimeout,
    /// The service cannot serve this at present.
    ServiceUnavailable,
    /// More requests are in progress than the service takes on.
    Overloaded,
    /// A fault of the service itself.
    InternalError,
}

/// Writes the code as it is serialised.
impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
