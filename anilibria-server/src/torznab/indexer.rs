//! The index of the mirrored catalogue. It is created by the first request after a change.

use std::sync::Arc;

use anilibria_http::{clients::Clients, metrics::count_error, router::RouteTable};
use anilibria_torznab::{Error, Franchises, Index};
use poem::{EndpointExt as _, http::Method};
use tokio::sync::{Mutex, watch};
use tracing::error;

use super::{franchises::FranchiseTask, route::Route};
use crate::{
    auth::ApiKey,
    config::TorznabConfig,
    titles::{Titles, catalogue::Mirror},
};

/// Path of the indexer.
const PATH: &str = "/torznab/api";

/// State of the indexer. Cheap to clone.
#[derive(Clone)]
pub struct Torznab {
    /// `None` if the indexer is disabled, or if there is no mirrored catalogue to search.
    indexer: Option<Arc<Indexer>>,
    key: Option<ApiKey>,
}

impl Torznab {
    /// Creates the state of the indexer.
    pub fn new(config: &TorznabConfig, titles: &Titles) -> Self {
        let mirror = titles.mirror().filter(|_| config.torznab_enabled);
        let indexer = mirror.map(|mirror| Indexer::new(titles, mirror.clone()));
        Self { indexer: indexer.map(Arc::new), key: config.torznab_api_key.as_ref().map(ApiKey::new) }
    }

    /// Returns the route, if the indexer is enabled. `clients` know the address of the service.
    pub fn table(&self, clients: &Arc<Clients>) -> RouteTable {
        let Some(indexer) = &self.indexer else { return RouteTable::new() };
        let route = Route::new(Arc::clone(indexer), self.key.clone(), Arc::clone(clients));
        [(PATH.to_owned(), [(Method::GET, route.boxed())].into())].into()
    }

    /// Starts the task that reads the franchises, if the indexer is enabled. AniLibria is called at most twice a second if the
    /// task `is_paced`.
    pub fn start(&self, is_paced: bool) -> Option<FranchiseTask> {
        Some(FranchiseTask::start(Arc::clone(self.indexer.as_ref()?), is_paced))
    }
}

/// Creates the index, at most once for each change of the catalogue or of the franchises.
pub(super) struct Indexer {
    titles: Titles,
    mirror: Mirror,
    franchises: watch::Sender<Arc<Franchises>>,
    /// The last index, with the franchises that it was created from.
    last: Mutex<Option<(Arc<Index>, Arc<Franchises>)>>,
}

impl Indexer {
    fn new(titles: &Titles, mirror: Mirror) -> Self {
        Self { titles: titles.clone(), mirror, franchises: watch::Sender::default(), last: Mutex::default() }
    }

    /// Returns the titles that the index is about.
    pub(super) fn titles(&self) -> &Titles {
        &self.titles
    }

    /// Returns the mirrored catalogue.
    pub(super) fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Replaces the franchises.
    pub(super) fn set_franchises(&self, franchises: Franchises) {
        self.franchises.send_replace(Arc::new(franchises));
    }

    /// Returns the index of the current catalogue. Concurrent requests wait for the same index.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] before the catalogue is loaded.
    pub(super) async fn index(&self) -> Result<Arc<Index>, Error> {
        let catalogue = self.mirror.catalogue().ok_or(Error::Unavailable)?;
        let mut last = self.last.lock().await;
        let franchises = Arc::clone(&self.franchises.borrow());
        if let Some((index, used)) = &*last
            && Arc::ptr_eq(index.catalog(), &catalogue)
            && Arc::ptr_eq(used, &franchises)
        {
            return Ok(Arc::clone(index));
        }
        let (client, used) = (self.titles.client().clone(), Arc::clone(&franchises));
        // Rendering takes milliseconds, which would delay other requests on this thread.
        let built = tokio::task::spawn_blocking(move || Index::new(catalogue, &used, &client)).await;
        let index = Arc::new(built.map_err(|error| {
            count_error("torznab", "index");
            error!(%error, "torrents not indexed");
            Error::Unavailable
        })?);
        *last = Some((Arc::clone(&index), franchises));
        Ok(index)
    }
}
