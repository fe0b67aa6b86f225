//! Why the Node service was of no help.

use std::time::Duration;

use super::answer::MAX_BYTES;

/// Why the Node service was of no help. The messages name neither addresses nor secrets; sources may.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// It failed again and again, and is left alone for a while.
    #[error("left alone for {} seconds", wait.as_secs())]
    CircuitOpen {
        /// For how long.
        wait: Duration,
    },
    /// It did not answer in time.
    #[error("no answer within {} ms", after.as_millis())]
    Timeout {
        /// How long it had.
        after: Duration,
    },
    /// It could not be reached, or the answer broke off.
    #[error("unreachable, or the answer broke off")]
    Transport(#[source] reqwest::Error),
    /// It answered with an error, or sent the service elsewhere.
    #[error("answered with status {status}")]
    Status {
        /// The status it answered with.
        status: u16,
    },
    /// The answer is larger than what is read.
    #[error("the answer is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The answer is no JSON.
    #[error("the answer is no JSON")]
    NotJson,
    /// The answer is not what was asked for.
    #[error("the answer was refused: {reason}")]
    Refused {
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl NodeError {
    /// Whether the service as a whole is to blame, so that it may be better to leave it alone. That it lacks one thing
    /// is no fault.
    pub fn is_its_fault(&self) -> bool {
        match self {
            Self::Status { status } => *status >= 500 || *status == 429,
            Self::Timeout { .. } | Self::Transport(_) | Self::TooLarge | Self::NotJson => true,
            Self::CircuitOpen { .. } | Self::Refused { .. } => false,
        }
    }

    /// Its kind, for metrics.
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

    /// The status it answered with, when it was one of an error.
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
