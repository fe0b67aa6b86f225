//! Sessions of logged-in users. A session id maps to a token of AniLibria.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anilibria_cache::{Entry, Error, Invalidation, Lifetime, Scope, Store};
use anilibria_client::session::Token;
use uuid::Uuid;

/// Number of characters of a session id: ASCII letters and digits.
const ID_LENGTH: usize = 32;

/// Id of a session. The id grants access to the session, so `Debug` redacts it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SessionId(String);

/// The sessions, in Redis or else in memory. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn Store>,
    lifetime: Duration,
}

impl SessionId {
    fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// Parses a session id; `None` if it is malformed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_valid = text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_valid.then(|| Self(text.to_owned()))
    }

    /// Returns the session id. The caller is responsible for keeping it secret.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(<redacted>)")
    }
}

impl Sessions {
    /// Creates sessions in `store` that last for `lifetime`. Sessions must survive when the cache of the host is cleared, so
    /// `store` is not part of that cache.
    pub fn new(store: Arc<dyn Store>, lifetime: Duration) -> Self {
        Self { store, lifetime }
    }

    /// Returns the lifetime of a session.
    pub(super) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Begins a session for the user with `token`.
    pub(super) async fn begin(&self, token: &Token) -> Result<SessionId, Error> {
        let (session, now) = (SessionId::random(), SystemTime::now());
        let entry = Entry::new(token.expose().to_owned(), Lifetime::new(now, self.lifetime), []);
        self.store.set(&session.0, entry, now).await?;
        Ok(session)
    }

    /// Returns the token of a session; `None` if the session does not exist or has ended.
    pub(super) async fn token(&self, session: &SessionId) -> Result<Option<Token>, Error> {
        let now = SystemTime::now();
        let entry = self.store.get(&session.0, now).await?.filter(|entry| entry.lifetime().is_fresh(now));
        Ok(entry.and_then(|entry| Some(Token::from(std::str::from_utf8(entry.value()).ok()?))))
    }

    /// Ends a session.
    pub(super) async fn end(&self, session: &SessionId) -> Result<(), Error> {
        let invalidation = Invalidation::remove(Scope::key(session.0.as_str()));
        self.store.invalidate(&invalidation, SystemTime::now()).await.map(|_| ())
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("store", &self.store.name())
            .field("lifetime", &self.lifetime)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use anilibria_cache::MemoryStore;

    use super::*;

    fn sessions(lifetime: Duration) -> Sessions {
        Sessions { store: Arc::new(MemoryStore::new(1 << 20)), lifetime }
    }

    #[tokio::test]
    async fn session_has_a_token_until_it_ends() {
        let sessions = sessions(Duration::from_mins(1));

        let session = sessions.begin(&Token::from("secret")).await.unwrap();
        let known = sessions.token(&session).await.unwrap();
        sessions.end(&session).await.unwrap();

        assert_eq!(known, Some(Token::from("secret")));
        assert_eq!(sessions.token(&session).await.unwrap(), None);
        assert_eq!(SessionId::parse(session.expose()), Some(session));
    }

    #[tokio::test]
    async fn session_ends_after_its_lifetime() {
        let sessions = sessions(Duration::ZERO);

        let session = sessions.begin(&Token::from("secret")).await.unwrap();

        assert_eq!(sessions.token(&session).await.unwrap(), None);
    }

    #[test]
    fn malformed_session_ids_are_refused_and_debug_redacts_valid_ones() {
        for text in ["", "abc", "../../../../../../../../../../..", &"a".repeat(33)] {
            assert_eq!(SessionId::parse(text), None, "{text}");
        }
        let session = SessionId::random();
        assert!(!format!("{session:?}").contains(session.expose()));
    }
}
