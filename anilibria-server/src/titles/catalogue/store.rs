//! Persistent stores of the catalogue.

use std::{fmt, sync::Arc};

use anilibria_client::reflector::Catalog;
use async_trait::async_trait;

/// A persistent store of one catalogue.
#[async_trait]
pub trait CatalogueStore: fmt::Debug + Send + Sync + 'static {
    /// Returns the catalogue that was written last; `None` if there is none.
    async fn read(&self) -> anyhow::Result<Option<Catalog>>;

    /// Replaces the stored catalogue with `catalogue` atomically.
    async fn write(&self, catalogue: Arc<Catalog>) -> anyhow::Result<()>;
}
