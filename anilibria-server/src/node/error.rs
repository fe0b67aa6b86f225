//! Errors of calls to the Node service.

use std::time::Duration;

use super::answer::MAX_BYTES;

/// Errors returned by calls to the Node service. The messages contain neither addresses nor secrets; sources may.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The circuit breaker is open after repeated failures.
    #[error("left alone for {} seconds", wait.as_secs())]
    CircuitOpen {
        /// Time until the next attempt is allowed.
        wait: Duration,
    },
    /// The service did not answer in time.
    #[error("no answer within {} ms", after.as_millis())]
    Timeout {
        /// The timeout.
        after: Duration,
    },
    /// The service was unreachable, or the answer was incomplete.
    #[error("unreachable, or the answer broke off")]
    Transport(#[source] reqwest::Error),
    /// The service answered with an error or a redirect.
    #[error("answered with status {status}")]
    Status {
        /// Status of the answer.
        status: u16,
    },
    /// The answer is larger than the limit.
    #[error("the answer is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The answer is not JSON.
    #[error("the answer is no JSON")]
    NotJson,
    /// The answer is not the requested one.
    #[error("the answer was refused: {reason}")]
    Refused {
        /// Description of the error.
        reason: &'static str,
    },
}

impl NodeError {
    /// True if the service as a whole is at fault, so that the failure counts for the circuit breaker. A missing resource
    /// does not count.
    pub fn is_its_fault(&self) -> bool {
        match self {
            Self::Status { status } => *status >= 500 || *status == 429,
            Self::Timeout { .. } | Self::Transport(_) | Self::TooLarge | Self::NotJson => true,
            Self::CircuitOpen { .. } | Self::Refused { .. } => false,
        }
    }

    /// Returns the kind of the error, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CircuitOpen { .. } => "circuit_open",
            Self::Timeout { .. } => "timeout",
            Self::Transport(_) => "connect",
            Self::Status { .. } => "status",
            Self::TooLarge => "too_large",
            Self::NotJson => "decode",
            Self::Refused { .. } => "refused",
        }
    }

    /// Returns the status of the answer, if the error is [`NodeError::Status`].
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status } => Some(*status),
            _ => None,
        }
    }

    pub(super) fn refused(reason: &'static str) -> Self {
        Self::Refused { reason }
    }
}

impl From<reqwest::Error> for NodeError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }
}
