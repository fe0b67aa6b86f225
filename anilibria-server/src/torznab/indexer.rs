//! The search index of the local catalog. The first request creates it. After that, each change creates it again.

use std::sync::Arc;

use anilibria_client::reflector::Catalog;
use anilibria_http::metrics::count_error;
use anilibria_torznab::{Error, Franchises, Index};
use tokio::sync::watch;
use tracing::error;

use super::derived::Derived;
use crate::titles::{Titles, catalog::LocalCatalog};

/// Creates the index, at most once for each change of the catalog or of the franchises.
pub(super) struct Indexer {
    titles: Titles,
    local_catalog: LocalCatalog,
    franchises: watch::Sender<Arc<Franchises>>,
    index: Arc<Derived<Sources, Index>>,
}

/// Sources of an index. They are equal if they are the same objects.
#[derive(Clone)]
struct Sources {
    catalog: Arc<Catalog>,
    franchises: Arc<Franchises>,
}

impl PartialEq for Sources {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.catalog, &other.catalog) && Arc::ptr_eq(&self.franchises, &other.franchises)
    }
}

impl Indexer {
    /// Creates an indexer of `local_catalog`, without franchises.
    pub(super) fn new(titles: &Titles, local_catalog: LocalCatalog) -> Self {
        let (franchises, index) = (watch::Sender::default(), Arc::default());
        Self { titles: titles.clone(), local_catalog, franchises, index }
    }

    /// Returns the service that reads titles.
    pub(super) fn titles(&self) -> &Titles {
        &self.titles
    }

    /// Returns the local catalog.
    pub(super) fn local_catalog(&self) -> &LocalCatalog {
        &self.local_catalog
    }

    /// Replaces the franchises.
    pub(super) fn set_franchises(&self, franchises: Franchises) {
        self.franchises.send_replace(Arc::new(franchises));
    }

    /// Creates the index of the current catalog, unless there was no request yet.
    pub(super) async fn update(&self) {
        if self.index.exists() {
            // `index` logs a failure, and the next request tries again.
            let _ = self.index().await;
        }
    }

    /// Returns the index of the current catalog, or the previous one while the next one is created.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] before the catalog is loaded.
    pub(super) async fn index(&self) -> Result<Arc<Index>, Error> {
        let catalog = self.local_catalog.catalog().ok_or(Error::Unavailable)?;
        let sources = Sources { catalog, franchises: Arc::clone(&self.franchises.borrow()) };
        let client = self.titles.client().clone();
        let create =
            move |sources: &Sources| Index::new(Arc::clone(&sources.catalog), &sources.franchises, &client);
        self.index.get(sources, create).await.map_err(|error| {
            count_error("torznab", "index");
            error!(%error, "torrent index not created");
            Error::Unavailable
        })
    }
}
