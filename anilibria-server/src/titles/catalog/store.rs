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

    /// Replaces the stored catalog with `catalog`. A reader does not see a part of a change.
    async fn write(&self, catalog: Arc<Catalog>) -> anyhow::Result<()>;
}

/// A store that all instances share. The leader writes it, and the others read what the leader has written.
#[async_trait]
pub trait SharedCatalog: CatalogStore {
    /// Returns this store as the source of a catalog.
    fn source(&self) -> CatalogSource;

    /// Returns the changes by other instances since this one last read or wrote, or the whole catalog on the first call.
    async fn news(&self) -> anyhow::Result<News>;

    /// Records the outcome of a poll of AniLibria: the number of releases, or the error.
    async fn note(&self, outcome: Result<u64, String>);

    /// Records that a long poll continues. Default: nothing is recorded.
    async fn note_progress(&self) {}

    /// Returns true if the store contains the last write of this instance. Default: true, for stores that lose no data.
    async fn is_intact(&self) -> bool {
        true
    }
}

/// Changes by other instances.
#[derive(Debug, Default)]
pub struct News {
    /// Releases that other instances have written.
    pub(super) parts: Vec<CatalogPart>,
    /// Releases that do not exist any more unless they are in `parts`.
    pub(super) covered: Covered,
    /// Sign that an instance polls AniLibria. It changes while one of them does.
    pub(super) sign: Option<OffsetDateTime>,
    /// Time of the last successful request to AniLibria by any instance.
    pub(super) last_sync: Option<OffsetDateTime>,
}

impl News {
    /// Returns the catalog of the releases; `None` if there are none.
    pub(super) async fn into_catalog(self) -> anyhow::Result<Option<Catalog>> {
        if self.parts.is_empty() {
            return Ok(None);
        }
        Ok(Some(spawn_blocking(|| self.parts.into_iter().collect()).await?))
    }
}

/// Part of a catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Covered {
    /// No release.
    #[default]
    Nothing,
    /// All releases.
    Everything,
    /// The releases of these blocks.
    Blocks(Vec<usize>),
}

impl Covered {
    pub(super) fn contains(&self, id: ReleaseId) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Blocks(numbers) => numbers.contains(&blocks::number_of(id)),
        }
    }
}
