//! Persistent stores of the catalog.

use std::{fmt, sync::Arc};

use anilibria_client::{
    model::ReleaseId,
    reflector::{Catalog, CatalogPart},
};
use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::task::spawn_blocking;

use super::{CatalogSource, blocks};

/// A persistent store of one catalog.
#[async_trait]
pub trait CatalogStore: fmt::Debug + Send + Sync + 'static {
    /// Returns the catalog that was written last; `None` if there is none.
    async fn read(&self) -> anyhow::Result<Option<Catalog>>;

    /// Replaces the stored catalog with `catalog`. Readers never receive a partly written change.
    async fn write(&self, catalog: Arc<Catalog>) -> anyhow::Result<()>;
}

/// A store that all instances share. The leader writes it, and the followers read it.
#[async_trait]
pub trait SharedCatalog: CatalogStore {
    /// Returns this store as the source of a catalog.
    fn source(&self) -> CatalogSource;

    /// Returns the changes by other instances since this instance last read or wrote. The first call returns the complete
    /// catalog.
    async fn read_changes(&self) -> anyhow::Result<CatalogUpdate>;

    /// Records the outcome of a poll of AniLibria: the number of releases, or the error.
    async fn record_poll(&self, outcome: Result<u64, String>);

    /// Records that a long poll is still in progress. Default: records nothing.
    async fn record_progress(&self) {}

    /// Returns true if the store contains the last write of this instance. Default: `true`, for stores that lose no data.
    async fn is_intact(&self) -> bool {
        true
    }
}

/// Changes of a shared catalog by other instances.
#[derive(Debug, Default)]
pub struct CatalogUpdate {
    /// Releases that other instances have written.
    pub(super) parts: Vec<CatalogPart>,
    /// Part of the catalog that `parts` contains in full. A release of that part that is not in `parts` was removed.
    pub(super) coverage: Coverage,
    /// Time at which an instance last polled AniLibria, successfully or not. It changes as long as an instance polls.
    pub(super) heartbeat: Option<OffsetDateTime>,
    /// Time of the last successful poll of AniLibria by any instance.
    pub(super) last_sync: Option<OffsetDateTime>,
}

impl CatalogUpdate {
    /// Builds a catalog from `parts`; `None` if there are none.
    pub(super) async fn into_catalog(self) -> anyhow::Result<Option<Catalog>> {
        if self.parts.is_empty() {
            return Ok(None);
        }
        Ok(Some(spawn_blocking(|| self.parts.into_iter().collect()).await?))
    }
}

/// Part of a catalog, as a set of releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Coverage {
    /// No release.
    #[default]
    None,
    /// All releases.
    All,
    /// The releases of these blocks.
    Blocks(Vec<usize>),
}

impl Coverage {
    /// Returns true if the part includes the release `id`.
    pub(super) fn contains(&self, id: ReleaseId) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Blocks(numbers) => numbers.contains(&blocks::number_of(id)),
        }
    }
}
