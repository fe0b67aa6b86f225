//! Storage of tokens.

use async_trait::async_trait;

use super::token::Token;
use crate::error::BoxError;

/// Storage of the token of a session. [`MemoryTokenStore`] is the default, and [`FileTokenStore`](super::FileTokenStore) stores
/// the token in a file.
///
/// Implement the trait with [`macro@async_trait::async_trait`] to store the token in a database, a key ring or another place.
/// An error becomes [`Error::TokenStore`](crate::Error::TokenStore).
///
/// ```
/// use std::sync::Mutex;
///
/// use anilibria_client::{
///     Client,
///     error::BoxError,
///     session::{Token, TokenStore},
/// };
/// use async_trait::async_trait;
///
/// /// Stores the token in a variable.
/// #[derive(Default)]
/// struct Variable(Mutex<Option<Token>>);
///
/// #[async_trait]
/// impl TokenStore for Variable {
///     async fn load(&self) -> Result<Option<Token>, BoxError> {
///         Ok(self.0.lock().unwrap().clone())
///     }
///
///     async fn save(&self, token: &Token) -> Result<(), BoxError> {
///         *self.0.lock().unwrap() = Some(token.clone());
///         Ok(())
///     }
///
///     async fn clear(&self) -> Result<(), BoxError> {
///         *self.0.lock().unwrap() = None;
///         Ok(())
///     }
/// }
///
/// let client = Client::builder().token_store(Variable::default()).build()?;
/// # Ok::<_, anilibria_client::Error>(())
/// ```
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

/// A token store that stores nothing: the client has the token in memory, and the session ends with the process. The default.
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
