//! The status of the local catalog.

use std::time::Duration;

use anilibria_client::Error;
use time::OffsetDateTime;

/// Status of the local catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogStatus {
    /// Number of releases; 0 before the catalog is loaded.
    pub releases: usize,
    /// Source that the catalog was last read from; `None` before the catalog is loaded.
    pub source: Option<CatalogSource>,
    /// True if this instance polls AniLibria (it is the leader, or runs alone).
    pub is_poller: bool,
    /// Time of the next full pass; `None` if another instance polls AniLibria.
    pub next_full_pass: Option<OffsetDateTime>,
    /// Time of the last successful poll of AniLibria, by this instance or by the leader; `None` before the first one.
    pub last_sync: Option<OffsetDateTime>,
    /// Error of the last poll of AniLibria; `None` if it succeeded.
    pub last_error: Option<String>,
}

/// Source of the local catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogSource {
    /// Read from AniLibria.
    Anilibria,
    /// Read from disk at startup.
    Disk,
    /// Read from MongoDB, where this or another instance stored it.
    Mongodb,
    /// Read from Redis, where the instance that polls AniLibria stored it.
    Redis,
}

impl CatalogSource {
    /// Returns the name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anilibria => "anilibria",
            Self::Disk => "disk",
            Self::Mongodb => "mongodb",
            Self::Redis => "redis",
        }
    }
}

impl CatalogStatus {
    /// Returns true if the catalog is loaded, so that lists are built from it.
    pub fn is_loaded(&self) -> bool {
        self.releases > 0
    }

    /// Returns the time since the last successful poll of AniLibria.
    pub fn age(&self) -> Option<Duration> {
        // If the clock was set back, the age is zero instead of negative.
        Some(Duration::try_from(OffsetDateTime::now_utc() - self.last_sync?).unwrap_or_default())
    }

    /// Records a successful poll by this instance.
    pub(super) fn poll_succeeded(&mut self, releases: usize) {
        self.releases = releases;
        self.source = (releases > 0).then_some(CatalogSource::Anilibria);
        self.last_sync = Some(OffsetDateTime::now_utc());
        self.last_error = None;
    }

    /// Records a read of the shared store. `source` is the store, or `None` if it had no changes. `last_sync` is the time of
    /// the last successful poll by another instance.
    pub(super) fn updated_from_store(
        &mut self,
        releases: usize,
        source: Option<CatalogSource>,
        last_sync: Option<OffsetDateTime>,
    ) {
        self.releases = releases;
        self.source = source.or(self.source);
        if last_sync > self.last_sync {
            self.last_sync = last_sync;
            self.last_error = None;
        }
    }

    /// Records a failed poll by this instance.
    pub(super) fn poll_failed(&mut self, error: &Error) {
        self.last_error = Some(error.to_string());
    }
}
