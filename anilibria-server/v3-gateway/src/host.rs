//! Interface between the gateway and the service that mounts it.

use std::{fmt, sync::Arc};

use anilibria_cache::{Cached, NewValue, Options, coordination::RecordId};
use anilibria_client::{
    Client,
    model::{GenreId, Release, ReleaseId},
    reflector::Catalog,
};
use anilibria_http::LoadFailure;
use async_trait::async_trait;
use futures::{future::BoxFuture, stream::BoxStream};
use tokio::sync::watch;

/// Loads the value of a cache key. It may be called again if the cached value has an outdated version.
pub type Load = Arc<dyn Fn() -> BoxFuture<'static, Result<NewValue, LoadFailure>> + Send + Sync>;

/// Reads titles through the cache of the host.
#[async_trait]
pub trait Host: fmt::Debug + Send + Sync + 'static {
    /// Returns the client for calls that requests of clients cause.
    fn client(&self) -> &Client;

    /// Returns the client for polls. Its quota is separate from the quota for requests of clients.
    fn watcher(&self) -> &Client;

    /// Returns the local catalog; `None` before it is loaded, or if there is none.
    fn catalog(&self) -> Option<Arc<Catalog>>;

    /// Returns a receiver that changes with the catalog; `None` if there is none.
    fn catalog_changes(&self) -> Option<watch::Receiver<()>>;

    /// Returns the options under which lists are cached.
    fn list_options(&self) -> &Options;

    /// Returns the value cached under `key`, or the result of `load`.
    ///
    /// # Errors
    ///
    /// The error of `load`, if there is no stale value.
    async fn cached(&self, options: &Options, key: &str, load: Load) -> Result<Cached, LoadFailure>;

    /// Returns the fresh value cached under `key`, without a load.
    async fn peek(&self, key: &str) -> Option<Cached>;

    /// Returns the ids of genres by their names; `None` if one of them does not exist.
    ///
    /// # Errors
    ///
    /// An error of AniLibria.
    async fn genre_ids(&self, names: &[String]) -> Result<Option<Vec<GenreId>>, LoadFailure>;

    /// Returns the complete releases `ids` in this order. Those that do not exist are left out.
    ///
    /// # Errors
    ///
    /// An error of AniLibria.
    async fn releases(&self, ids: Vec<ReleaseId>) -> Result<Vec<Release>, LoadFailure>;

    /// Marks all cached values in which title `id` appears as stale.
    async fn title_changed(&self, id: u32);
}

/// Events of the host about titles.
#[async_trait]
pub trait HostEvents: fmt::Debug + Send + Sync + 'static {
    /// Returns the id of the last event that is remembered.
    ///
    /// # Errors
    ///
    /// The events cannot be read.
    async fn last(&self) -> anyhow::Result<Option<RecordId>>;

    /// Returns every event after `last`, in order and without end.
    fn subscribe(&self, last: RecordId) -> BoxStream<'static, TitleEvent>;
}

/// An event of the host about a title.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TitleEvent {
    /// Id of the event.
    pub id: RecordId,
    /// Id of the title.
    pub title_id: u32,
    /// The kind of change.
    pub kind: TitleEventKind,
}

/// A change of a title.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TitleEventKind {
    /// The title is new, or its fields changed.
    Title,
    /// An episode was published; `None` if its number is not known.
    NewEpisode(Option<f64>),
    /// A published episode changed; `None` if its number is not known.
    EpisodeUpdate(Option<f64>),
}

/// Titles of the host, as the gateway reads them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HostTitles(Arc<dyn Host>);

impl HostTitles {
    /// Creates the titles of `host`.
    pub fn new(host: impl Host) -> Self {
        Self(Arc::new(host))
    }

    pub(crate) fn client(&self) -> &Client {
        self.0.client()
    }

    pub(crate) fn watcher(&self) -> &Client {
        self.0.watcher()
    }

    pub(crate) fn catalog(&self) -> Option<Arc<Catalog>> {
        self.0.catalog()
    }

    pub(crate) fn catalog_changes(&self) -> Option<watch::Receiver<()>> {
        self.0.catalog_changes()
    }

    pub(crate) fn list_options(&self) -> &Options {
        self.0.list_options()
    }

    pub(crate) async fn peek(&self, key: &str) -> Option<Cached> {
        self.0.peek(key).await
    }

    pub(crate) async fn genre_ids(&self, names: &[String]) -> Result<Option<Vec<GenreId>>, LoadFailure> {
        self.0.genre_ids(names).await
    }

    pub(crate) async fn releases(&self, ids: Vec<ReleaseId>) -> Result<Vec<Release>, LoadFailure> {
        self.0.releases(ids).await
    }

    pub(crate) async fn title_changed(&self, id: u32) {
        self.0.title_changed(id).await;
    }

    /// Returns the value cached under `key`, or the result of `load`.
    pub(crate) async fn cached<F>(
        &self,
        options: &Options,
        key: &str,
        load: impl FnOnce(Self) -> F + Clone + Send + Sync + 'static,
    ) -> Result<Cached, LoadFailure>
    where
        F: Future<Output = Result<NewValue, LoadFailure>> + Send + 'static,
    {
        let titles = self.clone();
        let load: Load = Arc::new(move || Box::pin(load.clone()(titles.clone())));
        self.0.cached(options, key, load).await
    }
}
