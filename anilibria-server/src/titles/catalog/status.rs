//! The status of the local catalog.

use std::time::Duration;

use anilibria_client::Error;
use time::OffsetDateTime;

/// Status of the local catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogStatus {
    /// Number of releases; 0 before the catalog is loaded.
    pub releases: usize,
    /// Source of most of the releases; `None` before the catalog is loaded.
    pub source: Option<CatalogSource>,
    /// True if this instance polls AniLibria (it is the leader, or runs alone).
    pub is_poller: bool,
    /// Time of the next full pass; `None` if another instance makes it.
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
    /// Found on disk at startup.
    Disk,
    /// Written to MongoDB by this or another instance.
    Mongodb,
    /// Written to Redis by the instance that polls AniLibria.
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
    /// Returns true if lists are answered from the catalog.
    pub fn is_loaded(&self) -> bool {
        self.releases > 0
    }

    /// Returns the time since the last successful poll of AniLibria.
    pub fn age(&self) -> Option<Duration> {
        // If the clock was set back, the age is zero instead of negative.
        Some(Duration::try_from(OffsetDateTime::now_utc() - self.last_sync?).unwrap_or_default())
    }

    pub(super) fn synced(&mut self, releases: usize) {
        self.releases = releases;
        self.source = (releases > 0).then_some(CatalogSource::Anilibria);
        self.last_sync = Some(OffsetDateTime::now_utc());
        self.last_error = None;
    }

    /// Records that another instance has read from AniLibria. `source` is the store of the changes; `None` without changes.
    pub(super) fn followed(
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

    pub(super) fn failed(&mut self, error: &Error) {
        self.last_error = Some(error.to_string());
    }
}
