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
    /// The token is malformed, has an invalid signature, or is of another type.
    InvalidToken,
    /// The token has expired.
    TokenExpired,
    /// The token is not valid yet.
    TokenNotActive,
    /// The service is unknown, or its token does not have the required permission.
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
    /// AniLibria failed, or its response was invalid.
    UpstreamError,
    /// AniLibria did not respond in time.
    UpstreamTimeout,
    /// The service cannot answer this request at present.
    ServiceUnavailable,
    /// Too many requests are in progress.
    Overloaded,
    /// An internal error of the service.
    InternalError,
}

impl ErrorCode {
    /// All codes.
    pub const ALL: [Self; 18] = [
        Self::InvalidParameters,
        Self::TitleNotFound,
        Self::Unauthorized,
        Self::InvalidToken,
        Self::TokenExpired,
        Self::TokenNotActive,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::UriTooLong,
        Self::HeadersTooLarge,
        Self::RateLimitExceeded,
        Self::UpstreamError,
        Self::UpstreamTimeout,
        Self::ServiceUnavailable,
        Self::Overloaded,
        Self::InternalError,
    ];

    /// Returns the meaning of the code in English. All errors with the code have the same meaning.
    pub const fn title(self) -> &'static str {
        match self {
            Self::InvalidParameters => "Invalid parameter",
            Self::TitleNotFound => "Title not found",
            Self::Unauthorized => "Token missing",
            Self::InvalidToken => "Invalid token",
            Self::TokenExpired => "Token expired",
            Self::TokenNotActive => "Token not valid yet",
            Self::Forbidden => "Permission missing",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::PayloadTooLarge => "Body too large",
            Self::UriTooLong => "Address too long",
            Self::HeadersTooLarge => "Headers too large",
            Self::RateLimitExceeded => "Rate limit exceeded",
            Self::UpstreamError => "AniLibria failed",
            Self::UpstreamTimeout => "AniLibria did not answer in time",
            Self::ServiceUnavailable => "Service unavailable",
            Self::Overloaded => "Service overloaded",
            Self::InternalError => "Internal error",
        }
    }
}

/// Writes the code as it is serialised.
impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
