//! Errors of a load into the cache, and their conversion into a [`Problem`].

use std::{borrow::Cow, error::Error as StdError, sync::Arc, time::Duration};

use anilibria_cache::LoadError;
use anilibria_client::Error;

use crate::problem::Problem;

/// `Retry-After` if AniLibria limits requests without a delay, if the catalog is not loaded, or if a load took too long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Errors of a load. All callers that wait for the same load receive the same error.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LoadFailure {
    /// AniLibria failed.
    #[error(transparent)]
    Upstream(Arc<Error>),
    /// The load ended without a result.
    #[error("the load was interrupted")]
    Interrupted,
    /// The load took longer than the maximum time of a request.
    #[error("the load took too long")]
    TimedOut,
    /// A parameter selects too much, or something that does not exist.
    #[error("parameter `{field}` {reason}")]
    InvalidParameter {
        /// Name of the parameter.
        field: &'static str,
        /// Description of the error, as a continuation of "the parameter …".
        reason: Cow<'static, str>,
    },
    /// The quota of the client does not cover the cost of this request.
    #[error("the quota of the client does not cover the request")]
    RateLimited {
        /// Time until the quota suffices.
        retry_after: Duration,
    },
    /// Too many jobs of this kind are running or queued.
    #[error("too many jobs in progress")]
    Overloaded,
    /// The local catalog is not loaded, and there is no other source.
    #[error("the catalog is not loaded")]
    NoCatalog,
    /// The loaded data could not be serialised.
    #[error("the response could not be serialized")]
    Serialization(#[source] Arc<dyn StdError + Send + Sync>),
}

impl LoadFailure {
    /// True if AniLibria caused the error, so that another source may succeed.
    pub fn is_upstream(&self) -> bool {
        match self {
            Self::Upstream(error) => {
                !matches!(error.as_ref(), Error::InvalidRequest { .. } | Error::Config { .. })
            }
            Self::TimedOut => true,
            Self::Interrupted
            | Self::InvalidParameter { .. }
            | Self::RateLimited { .. }
            | Self::Overloaded
            | Self::NoCatalog
            | Self::Serialization(_) => false,
        }
    }
}

impl From<Error> for LoadFailure {
    fn from(error: Error) -> Self {
        Self::Upstream(Arc::new(error))
    }
}

impl From<serde_json::Error> for LoadFailure {
    fn from(error: serde_json::Error) -> Self {
        Self::Serialization(Arc::new(error))
    }
}

impl From<LoadError<Self>> for LoadFailure {
    fn from(error: LoadError<Self>) -> Self {
        match error {
            LoadError::Failed(failure) => failure.as_ref().clone(),
            LoadError::TimedOut => Self::TimedOut,
            _ => Self::Interrupted,
        }
    }
}

impl From<LoadFailure> for Problem {
    fn from(failure: LoadFailure) -> Self {
        let error = match failure {
            LoadFailure::Upstream(error) => error,
            LoadFailure::InvalidParameter { field, reason } => return Self::invalid(field, reason),
            LoadFailure::RateLimited { retry_after } => return Self::RateLimited { retry_after },
            LoadFailure::Overloaded => return Self::Overloaded,
            LoadFailure::NoCatalog => return Self::NoCatalog { retry_after: DEFAULT_RETRY_AFTER },
            LoadFailure::TimedOut => {
                return Self::Unavailable { retry_after: DEFAULT_RETRY_AFTER, cause: failure.into() };
            }
            LoadFailure::Interrupted | LoadFailure::Serialization(_) => return Self::internal(failure),
        };
        if error.is_timeout() {
            return Self::UpstreamTimeout(error.into());
        }
        match error.as_ref() {
            Error::RateLimited { retry_after } => Self::Unavailable {
                retry_after: retry_after.unwrap_or(DEFAULT_RETRY_AFTER),
                cause: error.into(),
            },
            Error::CircuitOpen { retry_in, .. } => {
                Self::Unavailable { retry_after: *retry_in, cause: error.into() }
            }
            // Parameters are validated before, so an invalid request is a bug of this service.
            Error::InvalidRequest { .. } | Error::Config { .. } => Self::internal(error),
            other => Self::Upstream { reason: reason(other), cause: error.into() },
        }
    }
}

/// Returns a short description of an error of AniLibria, without internal details.
fn reason(error: &Error) -> &'static str {
    match error {
        Error::Connect { .. } => "unreachable",
        Error::Interrupted { .. } => "the response was incomplete",
        Error::Decode { .. } => "the response was malformed",
        Error::TooLarge { .. } => "the response was too large",
        Error::Blocked { .. } => "the service was blocked",
        Error::AllMirrors(_) => "all mirrors failed",
        _ => "the service returned an error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(error: Error) -> Problem {
        LoadFailure::from(error).into()
    }

    #[test]
    fn upstream_errors_have_different_problems() {
        let decode = anilibria_client::decode::<u8>(b"<html>").unwrap_err();
        let status = Error::Status { status: 500, message: String::new() };
        let timeout = Error::Timeout { host: String::new(), after: Duration::from_secs(9) };
        let limited = Error::RateLimited { retry_after: None };

        assert!(matches!(problem(decode), Problem::Upstream { reason: "the response was malformed", .. }));
        assert!(matches!(problem(status), Problem::Upstream { reason: "the service returned an error", .. }));
        assert!(matches!(problem(timeout), Problem::UpstreamTimeout(_)));
        assert!(matches!(problem(limited), Problem::Unavailable { retry_after: DEFAULT_RETRY_AFTER, .. }));
    }

    #[test]
    fn slow_load_is_unavailable() {
        let failure = LoadFailure::from(LoadError::TimedOut);

        assert!(failure.is_upstream(), "another source may be faster");
        assert!(matches!(
            Problem::from(failure),
            Problem::Unavailable { retry_after: DEFAULT_RETRY_AFTER, .. }
        ));
    }

    #[test]
    fn missing_list_is_an_upstream_error() {
        let missing = LoadFailure::from(Error::NotFound { message: String::new() });

        assert!(matches!(Problem::from(missing), Problem::Upstream { .. }));
    }
}
