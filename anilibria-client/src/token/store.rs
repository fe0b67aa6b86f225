//! Storage of tokens.

use async_trait::async_trait;

use super::token::Token;
use crate::error::BoxError;

/// A place that keeps the token of a session. Implement it with [`macro@async_trait::async_trait`] to keep tokens in a
/// database, a key ring or the like.
#[async_trait]
pub trait TokenStore: Send + Sync + 'static {
    /// Returns the token that was saved last, if it was not cleared. Called before the first call that needs a session,
    /// and after the service has refused a token.
    async fn load(&self) -> Result<Option<Token>, BoxError>;

    /// Stores `token` in place of the previous one.
    async fn save(&self, token: &Token) -> Result<(), BoxError>;

    /// Deletes the token. Succeeds if there is none.
    async fn clear(&self) -> Result<(), BoxError>;
}

/// Stores nothing, so that the session ends with the process. The default.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryTokenStore;

#[async_trait]
impl TokenStore for MemoryTokenStore {
    async fn load(&self) -> Result<Option<Token>, BoxError> {
        Ok(None)
    }

    async fn save(&self, _token: &Token) -> Result<(), BoxError> {
        Ok(())
    }

    async fn clear(&self) -> Result<(), BoxError> {
        Ok(())
    }
}
