//! Why a store or a load failed, by what the caller can do about it.

use std::sync::Arc;

/// The cause of an error, whatever library it came from.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the operations of a [`Store`](crate::Store) return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a [`Store`](crate::Store) failed.
///
/// A [`Cache`](crate::Cache) never hands one of these to its callers: it counts it, logs it and goes on
/// without the level. Who uses a store directly meets them.
///
/// ```
/// use anilibria_cache::Error;
///
/// let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
/// let error = Error::unavailable("redis", refused);
///
/// assert!(error.is_transient());
/// assert_eq!(error.to_string(), "store `redis` did not answer");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store could not be reached or did not answer; trying later may help.
    #[error("store `{store}` did not answer")]
    Unavailable {
        /// [Name](crate::Store::name) of the store.
        store: &'static str,
        /// What went wrong underneath.
        #[source]
        source: BoxError,
    },
    /// What lies under the key is damaged or was written by something else; removing the key repairs it.
    #[error("store `{store}` keeps something under `{key}` that is not an entry")]
    Corrupt {
        /// [Name](crate::Store::name) of the store.
        store: &'static str,
        /// The key that could not be read.
        key: String,
        /// What went wrong underneath.
        #[source]
        source: BoxError,
    },
    /// The store will not take this entry, for instance because it is too large; trying again does not help.
    #[error("store `{store}` does not take the entry under `{key}`: {reason}")]
    Rejected {
        /// [Name](crate::Store::name) of the store.
        store: &'static str,
        /// The key of the entry.
        key: String,
        /// Why, in words for a log.
        reason: String,
    },
}

impl Error {
    /// The store `store` could not be reached or did not answer.
    pub fn unavailable(store: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Unavailable { store, source: source.into() }
    }

    /// What the store `store` has under `key` cannot be read as an entry.
    pub fn corrupt(store: &'static str, key: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Corrupt { store, key: key.into(), source: source.into() }
    }

    /// The store `store` will not take the entry under `key`.
    pub fn rejected(store: &'static str, key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Rejected { store, key: key.into(), reason: reason.into() }
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Why [`Cache::get_or_load`](crate::Cache::get_or_load) has no value.
///
/// Nothing of it is kept: the next call loads again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The loader returned this error. All callers that waited for the same load share it.
    #[error("the loader failed")]
    Failed(#[source] Arc<E>),
    /// The load ended without a result: the loader panicked, or the runtime it ran on was shut down.
    #[error("the load was interrupted")]
    Interrupted,
    /// It took longer than the call was to wait ([`Options::hard_timeout`](crate::Options::hard_timeout)), or than a load
    /// may take at all ([`Options::load_limit`](crate::Options::load_limit)).
    #[error("the load took too long")]
    TimedOut,
}

impl<E> LoadError<E> {
    /// What the loader returned, if it came to return anything.
    ///
    /// ```
    /// # use anilibria_cache::LoadError;
    /// let error = LoadError::Failed("no such title".into());
    ///
    /// assert_eq!(error.loader_error(), Some(&"no such title"));
    /// ```
    pub fn loader_error(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Interrupted | Self::TimedOut => None,
        }
    }
}

/// Cheap, and not only for errors that are `Clone` themselves.
impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Interrupted => Self::Interrupted,
            Self::TimedOut => Self::TimedOut,
        }
    }
}
