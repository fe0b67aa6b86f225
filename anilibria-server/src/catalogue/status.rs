//! How the mirrored catalogue is.

use std::time::Duration;

use anilibria_client::Error;
use time::OffsetDateTime;

/// How the mirrored catalogue is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueStatus {
    /// How many releases it holds; none before it is loaded.
    pub releases: usize,
    /// When AniLibria was last asked with success; `None` when it was not yet.
    pub last_sync: Option<OffsetDateTime>,
    /// Why the last look at AniLibria failed; `None` when it did not.
    pub last_error: Option<String>,
}

impl CatalogueStatus {
    pub(super) fn new(releases: usize) -> Self {
        Self { releases, ..Self::default() }
    }

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
        *self = Self { releases, last_sync: Some(OffsetDateTime::now_utc()), last_error: None };
    }

    pub(super) fn failed(&mut self, error: &Error) {
        self.last_error = Some(error.to_string());
    }
}
