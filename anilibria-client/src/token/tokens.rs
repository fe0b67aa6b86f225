//! The token of a client, as it is known and as it is stored.

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

/// What is known of the token.
enum Known {
    /// Nothing: the store has not been asked yet.
    Nothing,
    /// The token, or that there is none.
    Token(Option<Token>),
}

impl Tokens {
    pub(crate) fn new(store: Arc<dyn TokenStore>) -> Self {
        Self { store, known: Mutex::new(Known::Nothing) }
    }

    /// This token, which is kept nowhere else.
    pub(crate) fn of(token: Token) -> Self {
        Self { store: Arc::new(MemoryTokenStore), known: Mutex::new(Known::Token(Some(token))) }
    }

    pub(crate) async fn get(&self) -> Result<Option<Token>> {
        let mut known = self.known.lock().await;
        if let Known::Token(token) = &*known {
            return Ok(token.clone());
        }
        let token = self.store.load().await.map_err(|error| Error::TokenStore { source: error.into() })?;
        *known = Known::Token(token.clone());
        Ok(token)
    }

    /// What is known changes even when the store fails: a session that was ended must not go on.
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
