//! The token of a session.

use serde::{Deserialize, Deserializer};

use crate::Secret;

/// Token of a session: opaque text without a known expiry. `Debug` does not print it.
///
/// ```
/// use anilibria_client::session::Token;
///
/// let token = Token::from("eyJpdiI6…");
///
/// assert_eq!(format!("{token:?}"), "Token(<redacted>)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(Secret);

impl Token {
    /// Returns the text of the token. Keep it out of logs.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}
