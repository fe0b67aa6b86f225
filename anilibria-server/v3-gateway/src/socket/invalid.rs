//! Errors and limits of client messages.

use crate::projection::ProjectionError;

/// Maximum depth of nested objects. The deepest place of an event is less than nine levels deep.
pub(super) const MAX_DEPTH: usize = 16;

/// Maximum bytes of all subscriptions of a connection, as they were sent.
pub(super) const MAX_BYTES: usize = 32 * 1024;

/// Errors of client messages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Invalid {
    #[error("a message must be a JSON object: {0}")]
    NoObject(String),
    #[error("`subscribe` is missing: it is all that can be asked for")]
    NoSubscription,
    #[error("`subscribe` must not be nested deeper than {} levels", MAX_DEPTH)]
    TooDeep,
    #[error("`{0}` must be a text: paths with commas in between")]
    NoPaths(&'static str),
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    #[error("at most {0} subscriptions can be had over one connection")]
    TooMany(usize),
    #[error("all subscriptions of a connection must not be longer than {} bytes", MAX_BYTES)]
    TooLong,
}
