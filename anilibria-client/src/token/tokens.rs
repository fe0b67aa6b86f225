//! The token of a client: a copy in memory, and the store behind it.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{
    store::{MemoryTokenStore, TokenStore},
    token::Token,
};
use crate::error::{Error, Result};

/// The token of a client, read from its store once.
pub(crate) struct Tokens {
    store: Arc<dyn TokenStore>,
    known: Mutex<Known>,
}

/// Copy of the token in memory.
enum Known {
    /// The token has not been loaded from the store yet.
    Nothing,
    /// The token; `None` if the client is logged out.
    Token(Option<Token>),
}

impl Tokens {
    pub(crate) fn new(store: Arc<dyn TokenStore>) -> Self {
        Self { store, known: Mutex::new(Known::Nothing) }
    }

    /// Creates tokens that hold `token` in memory only.
    pub(crate) fn of(token: Token) -> Self {
        Self { store: Arc::new(MemoryTokenStore), known: Mutex::new(Known::Token(Some(token))) }
    }

    /// Returns the token, and loads it from the store the first time.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`] if the store fails.
    pub(crate) async fn get(&self) -> Result<Option<Token>> {
        let mut known = self.known.lock().await;
        if let Known::Token(token) = &*known {
            return Ok(token.clone());
        }
        let token = self.store.load().await.map_err(|error| Error::TokenStore { source: error.into() })?;
        *known = Known::Token(token.clone());
        Ok(token)
    }

    /// Replaces the token in memory and in the store; `None` ends the session. The token in memory changes even if the store
    /// fails, so that a session that was ended cannot be used.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`] if the store fails.
    pub(crate) async fn set(&self, token: Option<Token>) -> Result<()> {
        let mut known = self.known.lock().await;
        *known = Known::Token(token.clone());
        let stored = match &token {
            Some(token) => self.store.save(token).await,
            None => self.store.clear().await,
        };
        stored.map_err(|error| Error::TokenStore { source: error.into() })
    }
}
