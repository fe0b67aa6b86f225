//! State of the indexer, with its route and its task.

use std::sync::Arc;

use anilibria_http::{clients::Clients, router::RouteTable};
use poem::{EndpointExt as _, http::Method};

use super::{franchises::FranchiseTask, indexer::Indexer, route::Route};
use crate::{auth::ApiKey, config::TorznabConfig, titles::Titles};

/// Path of the indexer.
const PATH: &str = "/torznab/api";

/// State of the indexer. Cheap to clone.
#[derive(Clone)]
pub struct Torznab {
    /// `None` if the indexer is disabled, or if there is no local catalog to search.
    indexer: Option<Arc<Indexer>>,
    key: Option<ApiKey>,
}

impl Torznab {
    /// Creates the state of the indexer.
    pub fn new(config: &TorznabConfig, titles: &Titles) -> Self {
        let local_catalog = titles.local_catalog().filter(|_| config.torznab_enabled);
        let indexer = local_catalog.map(|local_catalog| Indexer::new(titles, local_catalog.clone()));
        Self { indexer: indexer.map(Arc::new), key: config.torznab_api_key.as_ref().map(ApiKey::new) }
    }

    /// Returns the route, if the indexer is enabled. `clients` determine the address of the service as the client knows it.
    pub fn table(&self, clients: &Arc<Clients>) -> RouteTable {
        let Some(indexer) = &self.indexer else { return RouteTable::new() };
        let route = Route::new(Arc::clone(indexer), self.key.clone(), Arc::clone(clients));
        [(PATH.to_owned(), [(Method::GET, route.boxed())].into())].into()
    }

    /// Starts the task that reads the franchises, if the indexer is enabled. If `is_paced` is true, the task calls AniLibria at
    /// most twice a second.
    pub fn start(&self, is_paced: bool) -> Option<FranchiseTask> {
        Some(FranchiseTask::start(Arc::clone(self.indexer.as_ref()?), is_paced))
    }
}
