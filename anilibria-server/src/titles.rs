//! The service that all routes of titles call. It reads AniLibria and the local catalog through the cache.

pub mod catalog;
pub mod change;
pub(crate) mod content_digest;
mod event_kind;
mod fallback;
mod from_catalog;
pub mod from_node;
mod from_upstream;
pub mod key;
pub mod mapping;
mod metrics;
pub mod model;
pub mod params;
mod query;
mod releases;
mod selection;
mod source;
pub mod sync_status;
mod title_span;
mod title_sync;

use std::{
    error::Error as StdError,
    future::Future,
    sync::LazyLock,
    time::{Duration, Instant},
};

use anilibria_cache::{Cache, Cached, Invalidation, NewValue, Options, Origin, Pattern, Scope};
use anilibria_client::{Client, loader::ReleaseLoader, model::GenreId};
use anilibria_http::{
    LoadFailure,
    envelope::{CacheLevel, One, Page},
    problem::Problem,
    rendered::{Meta, Rendered, schema_fingerprint},
    tag,
};
use time::OffsetDateTime;
use tracing::{Instrument as _, warn};

use self::title_span::TitleSpan;
pub use self::{
    fallback::Fallback,
    metrics::METRICS,
    query::{ListQuery, SearchQuery},
    title_sync::SyncOutcome,
};
use crate::{
    node::CallerHeaders,
    titles::{
        catalog::LocalCatalog,
        model::{schedule::ScheduleDay, title::Title},
        sync_status::SyncStatus,
    },
};

/// The service that returns titles and lists: from the cache, or else from the local catalog or AniLibria. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Titles {
    client: Client,
    background_client: Client,
    cache: Cache,
    /// Loads releases that are not cached.
    loader: ReleaseLoader,
    local_catalog: Option<LocalCatalog>,
    /// Record of the synchronised titles; `None` without MongoDB.
    status: Option<SyncStatus>,
    fallback: Option<Fallback>,
    /// Cache options of all values except single titles.
    list_options: Options,
    /// Cache options of releases, from which single titles are made.
    release_options: Options,
}

impl Titles {
    /// Creates a service that reads from `client` through `cache`. Lists are stored on the nearest `list_levels` levels of the
    /// cache. `shortest_ttl` is the shortest TTL of the levels.
    pub fn new(client: Client, cache: Cache, list_levels: usize, shortest_ttl: Duration) -> Self {
        Self {
            background_client: client.clone(),
            loader: ReleaseLoader::new(client.clone()).exclude(["sponsors"]),
            client,
            cache,
            local_catalog: None,
            status: None,
            fallback: None,
            list_options: Options::new().nearest_levels(list_levels),
            release_options: releases::options(shortest_ttl),
        }
    }

    /// Sets the client for polls and probes, which no request to the service causes. Default: the client for requests.
    #[must_use]
    pub fn with_background_client(self, background_client: Client) -> Self {
        Self { background_client, ..self }
    }

    /// Sets the catalog from which lists are built once it is loaded. Default: none, so that lists come from AniLibria.
    #[must_use]
    pub fn with_local_catalog(self, local_catalog: LocalCatalog) -> Self {
        Self { local_catalog: Some(local_catalog), ..self }
    }

    /// Sets the collection that records the titles that other services synchronise. Default: none.
    #[must_use]
    pub fn with_sync_status(self, status: Option<SyncStatus>) -> Self {
        Self { status, ..self }
    }

    /// Sets the last source of single titles. Default: none.
    #[must_use]
    pub fn with_fallback(self, fallback: Fallback) -> Self {
        Self { fallback: Some(fallback), ..self }
    }

    /// Returns the local catalog, if there is one.
    pub fn local_catalog(&self) -> Option<&LocalCatalog> {
        self.local_catalog.as_ref()
    }

    /// Returns the client for calls that requests to the service cause.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the client for polls and probes. It has a separate rate limit, which requests to the service cannot exhaust.
    pub fn background_client(&self) -> &Client {
        &self.background_client
    }

    /// Returns the cache.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Returns a page of the titles that match `query`.
    pub async fn list(&self, query: &ListQuery) -> Result<Rendered<Page<Title>>, Problem> {
        let (key, query) = (key::titles(query), query.clone());
        Ok(self.cached_list(&key, |titles| source::list(titles, query)).await?)
    }

    /// Returns the title `id`, with its episodes. If AniLibria fails, the sources are, in order: a stale cached value, the local
    /// catalog, and the Node service. The Node service is skipped if the headers of the caller mark the request as a fallback.
    pub async fn get(&self, id: u32, caller: &CallerHeaders) -> Result<Rendered<One<Title>>, Problem> {
        let span = TitleSpan::new(id);
        let title = self.get_or_fall_back(id, caller).instrument(span.span()).await;
        span.record(&title);
        title
    }

    async fn get_or_fall_back(
        &self,
        id: u32,
        caller: &CallerHeaders,
    ) -> Result<Rendered<One<Title>>, Problem> {
        let since = Instant::now();
        let failure = match self.find(id).await {
            Ok(title) => return title.ok_or_else(|| Problem::title_not_found(id)),
            Err(failure) => failure,
        };
        let fallback = self.fallback.as_ref().filter(|_| failure.is_upstream() && !caller.is_fallback);
        let title = match fallback {
            Some(fallback) => fallback.title(&self.client, id, caller, since).await,
            None => None,
        };
        title.ok_or_else(|| failure.into())
    }

    /// Returns a page of the titles that `query` finds, best matches first.
    pub async fn search(&self, query: &SearchQuery) -> Result<Rendered<Page<Title>>, Problem> {
        let (key, query) = (key::search(query), query.clone());
        Ok(self.cached_list(&key, |titles| source::search(titles, query)).await?)
    }

    /// Returns a page of all titles, the latest updated first.
    pub async fn updates(&self, page: u32, limit: u32) -> Result<Rendered<Page<Title>>, Problem> {
        let load = move |titles| source::updates(titles, page, limit);
        Ok(self.cached_list(&key::updates(page, limit), load).await?)
    }

    /// Returns a page of all titles, the most popular first.
    pub async fn popular(&self, page: u32, limit: u32) -> Result<Rendered<Page<Title>>, Problem> {
        let load = move |titles| source::popular(titles, page, limit);
        Ok(self.cached_list(&key::popular(page, limit), load).await?)
    }

    /// Returns a random title that is not blocked. The choice is made by each call; the title itself may come from the cache.
    pub async fn random(&self) -> Result<Rendered<One<Title>>, Problem> {
        let id = source::random_id(self).await?;
        let title = self.find(id).await?;
        title.map(Rendered::no_store).ok_or_else(|| Problem::title_not_found(id))
    }

    /// Returns the releases of `days` of the week, 0 for Monday; of all days if `days` is empty.
    pub async fn schedule(&self, days: &[u8]) -> Result<Rendered<One<Vec<ScheduleDay>>>, Problem> {
        let (key, days) = (key::schedule(days), days.to_vec());
        let load = |titles: Self| async move { Ok(from_upstream::schedule(titles.client, days).await?) };
        Ok(self.cached_list(&key, load).await?)
    }

    /// Returns the names of all genres.
    pub async fn genres(&self) -> Result<Rendered<One<Vec<String>>>, Problem> {
        Ok(self.cached_list(key::genres(), source::genres).await?)
    }

    /// Returns the cache options of all values except single titles.
    pub(crate) fn list_options(&self) -> &Options {
        &self.list_options
    }

    /// Returns the ids of genres by their names; `None` if one of them does not exist.
    pub(crate) async fn genre_ids(&self, names: &[String]) -> Result<Option<Vec<GenreId>>, LoadFailure> {
        if names.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let load = |titles: Self| async move { Ok(from_upstream::genre_list(titles.client).await?) };
        let list = self.cached(&self.list_options, key::genre_ids(), load).await?;
        Ok(from_upstream::genre_ids(list.value(), names)?)
    }

    /// Expires all cached values that contain title `id`, and all lists, because a changed title may belong to other lists than
    /// before. Returns the number of expired values.
    ///
    /// Expired values are used as stale values while AniLibria fails.
    pub async fn expire_title(&self, id: u32) -> u64 {
        let of_title = self.cache.expire_by_tag(tag::title(id)).await;
        of_title + self.cache.expire_by_tag(tag::LISTS).await
    }

    /// Expires all lists, and all cached values that contain one of `titles`. Call it when the local catalog has changed. Pass
    /// no titles if the changed ones are unknown.
    pub async fn expire_titles(&self, titles: &[u32]) {
        for id in titles {
            self.cache.expire_by_tag(tag::title(*id)).await;
        }
        self.cache.expire_by_tag(tag::LISTS).await;
    }

    /// Reloads the schedule and the genres. If AniLibria fails, the stale values are used.
    pub async fn reload_references(&self) {
        for pattern in ["schedule*", "genres*", "legacy:schedule:*", "legacy:references:*"] {
            self.cache.invalidate(Invalidation::expire(Scope::Matching(Pattern::from(pattern)))).await;
        }
        if let Err(problem) = self.schedule(&[]).await {
            let error = &problem as &dyn StdError;
            warn!(error, "schedule not reloaded");
        }
        if let Err(problem) = self.genres().await {
            let error = &problem as &dyn StdError;
            warn!(error, "genres not reloaded");
        }
    }

    /// Returns title `id` from the cache, AniLibria or the local catalog; `None` if there is no such title.
    async fn find(&self, id: u32) -> Result<Option<Rendered<One<Title>>>, LoadFailure> {
        let load = move |titles: Self| async move { from_upstream::title(&titles, id).await };
        match self.cached(&Options::new(), &key::title(id), load).await {
            Ok(cached) if cached.is_absent() => Ok(None),
            Ok(cached) => Ok(Some(rendered(cached))),
            Err(failure) => self.find_in_catalog(id).map(Some).ok_or(failure),
        }
    }

    /// Returns title `id` from the local catalog, marked as stale. It is the fallback if AniLibria fails.
    fn find_in_catalog(&self, id: u32) -> Option<Rendered<One<Title>>> {
        let meta = Meta { cached: true, stale: true, ..Meta::default() };
        Some(Rendered::new(source::title_from_catalog(self, id)?, meta))
    }

    /// Returns the list that is cached under `key`, or else the result of `load`.
    async fn cached_list<T, F>(
        &self,
        key: &str,
        load: impl FnOnce(Self) -> F + Clone + Send + 'static,
    ) -> Result<Rendered<T>, LoadFailure>
    where
        F: Future<Output = Result<NewValue, LoadFailure>> + Send + 'static,
    {
        Ok(rendered(self.cached(&self.list_options, key, load).await?))
    }

    /// Returns the fresh value that is cached under `key`, without a load.
    pub(crate) async fn peek(&self, key: &str) -> Option<Cached> {
        self.cache.peek(key).await.filter(|cached| cached.entry().validator() == Some(format_version()))
    }

    /// Returns the value that is cached under `key`, or else the result of `load`.
    pub(crate) async fn cached<F>(
        &self,
        options: &Options,
        key: &str,
        load: impl FnOnce(Self) -> F + Clone + Send + 'static,
    ) -> Result<Cached, LoadFailure>
    where
        F: Future<Output = Result<NewValue, LoadFailure>> + Send + 'static,
    {
        let get = || {
            let (titles, load) = (self.clone(), load.clone());
            let load = |_previous| async move {
                Ok::<_, LoadFailure>(load(titles).await?.validator(format_version()))
            };
            self.cache.get_or_load_with(options, key, [], load)
        };
        let cached = get().await?;
        if cached.entry().validator() == Some(format_version()) {
            return Ok(cached);
        }
        // Another version of the service wrote a value of another format version.
        self.cache.remove(key).await;
        Ok(get().await?)
    }
}

/// Returns the format version of cached values. It is derived from the schema of [`Title`].
fn format_version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(schema_fingerprint::<Title>);
    &VERSION
}

/// Converts a cached value to a response, with metadata about its source.
fn rendered<T>(cached: Cached) -> Rendered<T> {
    let level = match cached.origin() {
        Origin::Level { name, .. } => CacheLevel::from_name(name),
        _ => None,
    };
    let meta = Meta {
        cached: cached.origin().is_hit(),
        cache_expires: Some(OffsetDateTime::from(cached.fresh_until())),
        cache_level: level,
        stale: cached.is_stale(),
    };
    Rendered::new(cached.into_value(), meta)
}
