//! Errors and limits of client messages.

use crate::projection::ProjectionError;

/// Maximum depth of nested objects. An event has at most eight levels.
pub(super) const MAX_DEPTH: usize = 16;

/// Maximum bytes of all subscriptions of a connection, as they were sent.
pub(super) const MAX_BYTES: usize = 32 * 1024;

/// Errors of client messages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MessageError {
    #[error("the message must be a JSON object: {0}")]
    NotAnObject(String),
    #[error("`subscribe` is missing; it is the only command")]
    MissingSubscribe,
    #[error("`subscribe` must not be nested deeper than {} levels", MAX_DEPTH)]
    TooDeep,
    #[error("`{0}` must be a string of comma-separated paths, or an array of paths")]
    InvalidPaths(&'static str),
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    #[error("a connection can have at most {0} subscriptions")]
    TooMany(usize),
    #[error("the subscriptions of a connection must not exceed {} bytes in total", MAX_BYTES)]
    TooLong,
}
