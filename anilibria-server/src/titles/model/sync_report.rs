//! The report of the synchronisation of a title.

use poem_openapi::{Enum, Object, types::Example};

/// Result of synchronising a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct SyncReport {
    /// AniLibria's id of the title.
    pub title_id: u32,
    /// `true` if the title was loaded from AniLibria; `false` if the cached title was fresh.
    pub synced: bool,
    /// Source of the title.
    pub source: SyncSource,
    /// Number of episodes of the title.
    pub episodes_count: usize,
    /// Duration of the synchronisation, in milliseconds.
    pub duration_ms: u64,
}

impl Example for SyncReport {
    fn example() -> Self {
        let source = SyncSource::Anilibria;
        Self { title_id: 7, synced: true, source, episodes_count: 12, duration_ms: 140 }
    }
}

/// Source of a title: `anilibria` if it was loaded, or `cache`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum SyncSource {
    /// Loaded from AniLibria.
    Anilibria,
    /// Read from the cache.
    Cache,
}
