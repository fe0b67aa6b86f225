//! Where the catalogue outlives the process.

use std::{fmt, sync::Arc};

use anilibria_client::reflector::Catalogue;
use async_trait::async_trait;

/// Keeps one catalogue over a restart.
#[async_trait]
pub trait CatalogueStore: fmt::Debug + Send + Sync + 'static {
    /// The catalogue that was written last; `None` when there is none.
    async fn read(&self) -> anyhow::Result<Option<Catalogue>>;

    /// Writes `catalogue` in place of what was there. Whatever happens meanwhile, the one or the other is there.
    async fn write(&self, catalogue: Arc<Catalogue>) -> anyhow::Result<()>;
}
