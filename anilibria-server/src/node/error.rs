//! Errors of calls to the Node service.

use std::time::Duration;

use super::response::MAX_BYTES;

/// Errors returned by calls to the Node service. The messages contain neither addresses nor secrets; sources may.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The circuit breaker is open after repeated failures.
    #[error("circuit open, next attempt in {} seconds", wait.as_secs())]
    CircuitOpen {
        /// Time until the next attempt is allowed.
        wait: Duration,
    },
    /// The service did not respond in time.
    #[error("no response within {} ms", after.as_millis())]
    Timeout {
        /// The timeout.
        after: Duration,
    },
    /// The service was unreachable, or the response was incomplete.
    #[error("unreachable, or incomplete response")]
    Transport(#[source] reqwest::Error),
    /// The status of the response is an error or a redirect.
    #[error("response status {status}")]
    Status {
        /// Status of the response.
        status: u16,
    },
    /// The response is larger than the limit.
    #[error("response larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The response is not JSON.
    #[error("response is not JSON")]
    NotJson,
    /// The response does not contain the requested data.
    #[error("invalid response: {reason}")]
    Invalid {
        /// Reason, as a phrase about the response.
        reason: &'static str,
    },
}

impl NodeError {
    /// Returns true if the error is a failure of the service as a whole, which the circuit breaker counts. A missing resource
    /// is not.
    pub fn is_service_failure(&self) -> bool {
        match self {
            Self::Status { status } => *status >= 500 || *status == 429,
            Self::Timeout { .. } | Self::Transport(_) | Self::TooLarge | Self::NotJson => true,
            Self::CircuitOpen { .. } | Self::Invalid { .. } => false,
        }
    }

    /// Returns the kind of the error, as a label of metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CircuitOpen { .. } => "circuit_open",
            Self::Timeout { .. } => "timeout",
            Self::Transport(_) => "connect",
            Self::Status { .. } => "status",
            Self::TooLarge => "too_large",
            Self::NotJson => "decode",
            Self::Invalid { .. } => "refused",
        }
    }

    /// Returns the status of the response, if the error is [`NodeError::Status`].
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status } => Some(*status),
            _ => None,
        }
    }

    /// Creates an error about a response that does not contain the requested data.
    pub(super) fn invalid(reason: &'static str) -> Self {
        Self::Invalid { reason }
    }
}

impl From<reqwest::Error> for NodeError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }
}
