//! The releases that a watcher watches.

use std::sync::Arc;

use crate::model::ReleaseId;

/// The releases that a watcher watches.
#[derive(Clone, Debug, Default)]
pub(super) enum Scope {
    /// All releases.
    #[default]
    Catalog,
    /// These releases, each once.
    Ids(Arc<[ReleaseId]>),
    /// The favorites of the account of the client's session.
    Favorites,
}
