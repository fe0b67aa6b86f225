//! Errors of stores and loads.

use std::sync::Arc;

/// The cause of an error, from any library.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of an operation of a [`Store`](crate::Store).
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a [`Store`](crate::Store).
///
/// A [`Cache`](crate::Cache) does not return this error to its callers. It counts and logs the error, and continues
/// without the level. Only direct users of a store receive it.
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
    /// The store could not be reached or did not answer. The call may succeed later.
    #[error("store `{store}` did not answer")]
    Unavailable {
        /// [Name](crate::Store::name) of the store.
        store: &'static str,
        /// Cause of the error.
        #[source]
        source: BoxError,
    },
    /// The stored bytes are damaged or were written by another program. Removing the key repairs this.
    #[error("store `{store}` contains a corrupt entry under `{key}`")]
    Corrupt {
        /// [Name](crate::Store::name) of the store.
        store: &'static str,
        /// The key that could not be read.
        key: String,
        /// Cause of the error.
        #[source]
        source: BoxError,
    },
    /// The store does not accept this entry, for instance because it is too large. The call will not succeed later.
    #[error("store `{store}` rejects the entry under `{key}`: {reason}")]
    Rejected {
        /// [Name](crate::Store::name) of the store.
        store: &'static str,
        /// The key of the entry.
        key: String,
        /// Reason, as text for a log.
        reason: String,
    },
}

impl Error {
    /// Creates an [`Unavailable`](Self::Unavailable) error of the store `store`.
    pub fn unavailable(store: &'static str, source: impl Into<BoxError>) -> Self {
        Self::Unavailable { store, source: source.into() }
    }

    /// Creates a [`Corrupt`](Self::Corrupt) error of the store `store` for the entry under `key`.
    pub fn corrupt(store: &'static str, key: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Corrupt { store, key: key.into(), source: source.into() }
    }

    /// Creates a [`Rejected`](Self::Rejected) error of the store `store` for the entry under `key`.
    pub fn rejected(store: &'static str, key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Rejected { store, key: key.into(), reason: reason.into() }
    }

    /// Returns true if the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// An error of [`Cache::get_or_load`](crate::Cache::get_or_load).
///
/// Errors are not cached: the next call loads again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The loader returned this error. All callers that waited for the load share the error.
    #[error("the loader failed")]
    Failed(#[source] Arc<E>),
    /// The load ended without a result: the loader panicked, or the runtime it ran on was shut down.
    #[error("the load was interrupted")]
    Interrupted,
    /// The load took longer than the call waits ([`Options::hard_timeout`](crate::Options::hard_timeout)), or longer
    /// than a load may take ([`Options::load_limit`](crate::Options::load_limit)).
    #[error("the load took too long")]
    TimedOut,
    /// The [codec](crate::Codec) of a [`TypedCache`](crate::TypedCache) could not encode the loaded value, or could not
    /// decode it again.
    #[error("the value could not be encoded or decoded")]
    Codec(#[source] Arc<BoxError>),
}

impl<E> LoadError<E> {
    /// Returns the error of the loader, or `None` for all other errors.
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
            Self::Interrupted | Self::TimedOut | Self::Codec(_) => None,
        }
    }
}

/// Clones a reference, so `E` does not have to be `Clone`.
impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Interrupted => Self::Interrupted,
            Self::TimedOut => Self::TimedOut,
            Self::Codec(error) => Self::Codec(Arc::clone(error)),
        }
    }
}
