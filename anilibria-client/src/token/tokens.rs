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
    state: Mutex<TokenState>,
}

/// Copy of the token in memory.
enum TokenState {
    /// The token has not been loaded from the store yet.
    NotLoaded,
    /// The token; `None` if the client is logged out.
    Loaded(Option<Token>),
}

impl Tokens {
    pub(crate) fn new(store: Arc<dyn TokenStore>) -> Self {
        Self { store, state: Mutex::new(TokenState::NotLoaded) }
    }

    /// Creates tokens that hold `token` in memory only.
    pub(crate) fn of(token: Token) -> Self {
        Self { store: Arc::new(MemoryTokenStore), state: Mutex::new(TokenState::Loaded(Some(token))) }
    }

    /// Returns the token, and loads it from the store the first time.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`] if the store fails.
    pub(crate) async fn get(&self) -> Result<Option<Token>> {
        let mut state = self.state.lock().await;
        if let TokenState::Loaded(token) = &*state {
            return Ok(token.clone());
        }
        let token = self.store.load().await.map_err(|error| Error::TokenStore { source: error.into() })?;
        *state = TokenState::Loaded(token.clone());
        Ok(token)
    }

    /// Returns `outcome`. If the service has refused the token `used`, drops the token and adds that to the message.
    pub(crate) async fn drop_if_refused<T>(&self, used: Option<&Token>, outcome: Result<T>) -> Result<T> {
        match (outcome, used) {
            (Err(Error::Unauthorized { status, message }), Some(refused)) => {
                self.drop_token(refused).await;
                let message = format!("{message} (the client has dropped this token: log in again)");
                Err(Error::Unauthorized { status, message })
            }
            (outcome, _) => outcome,
        }
    }

    /// Drops `refused`, a token that the service does not accept any more, from memory and from the store.
    ///
    /// A newer token stays: one that a login has set in the meantime, or one that another process has stored. A failure
    /// of the store is logged.
    async fn drop_token(&self, refused: &Token) {
        let mut state = self.state.lock().await;
        if !matches!(&*state, TokenState::Loaded(Some(token)) if token == refused) {
            return;
        }
        *state = match self.store.load().await {
            Ok(Some(stored)) if stored != *refused => TokenState::Loaded(Some(stored)),
            _ => TokenState::Loaded(None),
        };
        if matches!(*state, TokenState::Loaded(None))
            && let Err(error) = self.store.clear().await
        {
            tracing::warn!(error, "token store not cleared");
        }
    }

    /// Replaces the token in memory and in the store; `None` ends the session. The token in memory changes even if the store
    /// fails, so that a session that was ended cannot be used.
    ///
    /// # Errors
    ///
    /// [`Error::TokenStore`] if the store fails.
    pub(crate) async fn set(&self, token: Option<Token>) -> Result<()> {
        let mut state = self.state.lock().await;
        *state = TokenState::Loaded(token.clone());
        let stored = match &token {
            Some(token) => self.store.save(token).await,
            None => self.store.clear().await,
        };
        stored.map_err(|error| Error::TokenStore { source: error.into() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;

    use async_trait::async_trait;

    use super::*;
    use crate::error::BoxError;

    /// A store that another process may write to.
    #[derive(Default)]
    struct Shared(StdMutex<Option<Token>>);

    #[async_trait]
    impl TokenStore for Arc<Shared> {
        async fn load(&self) -> Result<Option<Token>, BoxError> {
            Ok(self.0.lock().unwrap().clone())
        }

        async fn save(&self, token: &Token) -> Result<(), BoxError> {
            *self.0.lock().unwrap() = Some(token.clone());
            Ok(())
        }

        async fn clear(&self) -> Result<(), BoxError> {
            *self.0.lock().unwrap() = None;
            Ok(())
        }
    }

    async fn refuse(tokens: &Tokens, token: &str) -> Error {
        let refusal = Error::Unauthorized { status: 401, message: "no".to_owned() };
        tokens.drop_if_refused::<()>(Some(&token.into()), Err(refusal)).await.unwrap_err()
    }

    #[tokio::test]
    async fn refused_token_is_dropped_from_memory_and_store() {
        let store = Arc::new(Shared::default());
        let tokens = Tokens::new(Arc::new(Arc::clone(&store)));
        tokens.set(Some("old".into())).await.unwrap();

        let error = refuse(&tokens, "old").await;

        assert!(error.to_string().contains("log in again"), "{error}");
        assert_eq!(tokens.get().await.unwrap(), None);
        assert_eq!(*store.0.lock().unwrap(), None);
    }

    #[tokio::test]
    async fn token_of_a_later_login_is_kept() {
        let store = Arc::new(Shared::default());
        let tokens = Tokens::new(Arc::new(Arc::clone(&store)));
        tokens.set(Some("new".into())).await.unwrap();

        refuse(&tokens, "old").await;

        assert_eq!(tokens.get().await.unwrap(), Some("new".into()));
        assert_eq!(*store.0.lock().unwrap(), Some("new".into()));
    }

    #[tokio::test]
    async fn token_stored_by_another_process_replaces_a_refused_token() {
        let store = Arc::new(Shared::default());
        let tokens = Tokens::new(Arc::new(Arc::clone(&store)));
        tokens.set(Some("old".into())).await.unwrap();
        *store.0.lock().unwrap() = Some("new".into());

        refuse(&tokens, "old").await;

        assert_eq!(tokens.get().await.unwrap(), Some("new".into()));
        assert_eq!(*store.0.lock().unwrap(), Some("new".into()));
    }

    #[tokio::test]
    async fn other_failures_keep_the_token() {
        let tokens = Tokens::of("old".into());
        let failure = Error::Status { status: 500, message: String::new() };

        tokens.drop_if_refused::<()>(Some(&"old".into()), Err(failure)).await.unwrap_err();

        assert_eq!(tokens.get().await.unwrap(), Some("old".into()));
    }
}
