//! Collections: the lists in which a user keeps releases.

use serde::{Deserialize, Serialize};

use super::{ReleaseId, wire};

open_enum! {
    /// A list in which a user keeps releases. A release is in one of them at most.
    pub enum CollectionKind {
        /// Planned.
        Planned = "PLANNED",
        /// Watched completely.
        Watched = "WATCHED",
        /// Currently watched.
        Watching = "WATCHING",
        /// Postponed.
        Postponed = "POSTPONED",
        /// Abandoned.
        Abandoned = "ABANDONED",
    }
}

/// A release in a collection. The service writes it as a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Pair", into = "(ReleaseId, CollectionKind)")]
#[non_exhaustive]
pub struct CollectionEntry {
    /// The release.
    pub release_id: ReleaseId,
    /// The collection that contains the release.
    pub kind: CollectionKind,
}

/// The pair that the service writes.
#[derive(Deserialize)]
struct Pair(
    #[serde(deserialize_with = "wire::identity")] ReleaseId,
    #[serde(deserialize_with = "wire::identity")] CollectionKind,
);

impl From<Pair> for CollectionEntry {
    fn from(Pair(release_id, kind): Pair) -> Self {
        Self { release_id, kind }
    }
}

impl From<(ReleaseId, CollectionKind)> for CollectionEntry {
    fn from((release_id, kind): (ReleaseId, CollectionKind)) -> Self {
        Self { release_id, kind }
    }
}

impl From<CollectionEntry> for (ReleaseId, CollectionKind) {
    fn from(entry: CollectionEntry) -> Self {
        (entry.release_id, entry.kind)
    }
}
