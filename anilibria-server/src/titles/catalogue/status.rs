//! How the mirrored catalogue is.

use std::time::Duration;

use anilibria_client::Error;
use time::OffsetDateTime;

/// How the mirrored catalogue is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueStatus {
    /// How many releases it holds; none before it is loaded.
    pub releases: usize,
    /// Where they are from, as far as most of them go; `None` before it is loaded.
    pub source: Option<CatalogueSource>,
    /// Whether it is this instance that asks AniLibria, be it for others, too.
    pub is_poller: bool,
    /// When everything will be read anew; `None` when that is for another instance to do.
    pub next_full_pass: Option<OffsetDateTime>,
    /// When AniLibria was last asked with success, by this instance or by the one it follows; `None` when it was not yet.
    pub last_sync: Option<OffsetDateTime>,
    /// Why the last look at AniLibria failed; `None` when it did not.
    pub last_error: Option<String>,
}

/// Where a mirrored catalogue is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogueSource {
    /// Read from AniLibria.
    Anilibria,
    /// Found on disk at the start.
    Disk,
    /// Written to MongoDB by this or another instance.
    Mongodb,
}

impl CatalogueStatus {
    /// Whether lists are answered from it.
    pub fn is_loaded(&self) -> bool {
        self.releases > 0
    }

    /// How long ago AniLibria was last asked with success.
    pub fn age(&self) -> Option<Duration> {
        // A clock that was set back makes no negative age.
        Some(Duration::try_from(OffsetDateTime::now_utc() - self.last_sync?).unwrap_or_default())
    }

    pub(super) fn synced(&mut self, releases: usize) {
        self.releases = releases;
        self.source = (releases > 0).then_some(CatalogueSource::Anilibria);
        self.last_sync = Some(OffsetDateTime::now_utc());
        self.last_error = None;
    }

    pub(super) fn followed(&mut self, releases: usize, changed: bool, last_sync: Option<OffsetDateTime>) {
        self.releases = releases;
        if changed {
            self.source = Some(CatalogueSource::Mongodb);
        }
        if last_sync > self.last_sync {
            self.last_sync = last_sync;
            self.last_error = None;
        }
    }

    pub(super) fn failed(&mut self, error: &Error) {
        self.last_error = Some(error.to_string());
    }
}
