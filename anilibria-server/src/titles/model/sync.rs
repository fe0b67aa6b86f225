//! The report of the synchronisation of a title.

use poem_openapi::{Enum, Object, types::Example};

/// What was done about a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct SyncReport {
    /// AniLibria's id of the title.
    pub title_id: u32,
    /// Whether it was loaded; `false` when what the cache had was fresh.
    pub synced: bool,
    /// Where what the cache has now is from.
    pub source: SyncSource,
    /// How many episodes the title has.
    pub episodes_count: usize,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl Example for SyncReport {
    fn example() -> Self {
        let source = SyncSource::Anilibria;
        Self { title_id: 9000, synced: true, source, episodes_count: 12, duration_ms: 140 }
    }
}

/// Where a title is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum SyncSource {
    /// AniLibria, just now.
    Anilibria,
    /// The cache, which had it.
    Cache,
}
