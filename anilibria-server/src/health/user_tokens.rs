//! State of the authentication of users.

use poem_openapi::Enum;

/// State of the authentication of users by their tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum UserTokens {
    /// Users with a valid token are identified.
    Enabled,
    /// Tokens are ignored, and every client is anonymous: `JWT_SECRET` is not set.
    Disabled,
}
