//! The service behind the routes of titles. It reads from the client through the cache.

pub mod catalog;
pub mod change;
mod event_kind;
pub(crate) mod facts;
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
mod selection;
mod source;
mod sync;
pub mod sync_status;
mod trace;

use std::{error::Error as StdError, future::Future, sync::LazyLock, time::Instant};

use anilibria_cache::{Cache, Cached, Invalidation, NewValue, Options, Origin, Pattern, Scope};
use anilibria_client::{Client, model::GenreId};
use anilibria_http::{
    LoadFailure,
    envelope::{CacheLevel, One, Page},
    problem::Problem,
    rendered::{Meta, Rendered, schema_fingerprint},
    tag,
};
use time::OffsetDateTime;
use tracing::{Instrument as _, warn};

use self::trace::TitleTrace;
pub use self::{
    fallback::Fallback,
    metrics::METRICS,
    query::{ListQuery, SearchQuery},
    sync::Synced,
};
use crate::{
    node::CallerHeaders,
    titles::{
        catalog::LocalCatalog,
        model::{schedule::ScheduleDay, title::Title},
        sync_status::SyncStatus,
    },
};

/// Business logic of the routes: answers from the cache, or else from AniLibria. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Titles {
    client: Client,
    watcher: Client,
    cache: Cache,
    local_catalog: Option<LocalCatalog>,
    /// Records which titles were synchronised; `None` if nothing records it.
    status: Option<SyncStatus>,
    fallback: Option<Fallback>,
    /// Cache options of answers other than single titles.
    of_lists: Options,
}

impl Titles {
    /// Creates the service that reads from `client` through `cache`. Lists are stored on the nearest `list_levels` levels.
    pub fn new(client: Client, cache: Cache, list_levels: usize) -> Self {
        Self {
            watcher: client.clone(),
            client,
            cache,
            local_catalog: None,
            status: None,
            fallback: None,
            of_lists: Options::new().nearest_levels(list_levels),
        }
    }

    /// Sets `watcher` as the client of calls that no visitor causes: polls for events, and probes.
    #[must_use]
    pub fn watched_with(self, watcher: Client) -> Self {
        Self { watcher, ..self }
    }

    /// Answers lists from `local_catalog` once it is loaded. Without one, lists come from AniLibria.
    #[must_use]
    pub fn lists_from(self, local_catalog: LocalCatalog) -> Self {
        Self { local_catalog: Some(local_catalog), ..self }
    }

    /// Records in `status` which titles were synchronised at the request of another service.
    #[must_use]
    pub fn noted_in(self, status: Option<SyncStatus>) -> Self {
        Self { status, ..self }
    }

    /// Sets `fallback` as the last source of single titles.
    #[must_use]
    pub fn falling_back_on(self, fallback: Fallback) -> Self {
        Self { fallback: Some(fallback), ..self }
    }

    /// Returns the local catalog, if there is one.
    pub fn local_catalog(&self) -> Option<&LocalCatalog> {
        self.local_catalog.as_ref()
    }

    /// Returns the client for calls that visitors cause.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the client for polls and probes. Visitors cannot exhaust its rate limit.
    pub fn watcher(&self) -> &Client {
        &self.watcher
    }

    /// Returns the cache.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Returns a page of the titles that match `query`.
    pub async fn list(&self, query: &ListQuery) -> Result<Rendered<Page<Title>>, Problem> {
        let (key, query) = (key::titles(query), query.clone());
        Ok(self.answer(&key, |titles| source::list(titles, query)).await?)
    }

    /// Returns the title `id`, with its episodes. If AniLibria fails, the sources are, in order: a stale answer, the
    /// local catalog, and the Node service. The Node service is skipped if `caller` itself falls back on this service.
    pub async fn get(&self, id: u32, caller: &CallerHeaders) -> Result<Rendered<One<Title>>, Problem> {
        let trace = TitleTrace::of(id);
        let title = self.look_for(id, caller).instrument(trace.span()).await;
        trace.note(&title);
        title
    }

    async fn look_for(&self, id: u32, caller: &CallerHeaders) -> Result<Rendered<One<Title>>, Problem> {
        let since = Instant::now();
        let failure = match self.known(id).await {
            Ok(title) => return title.ok_or_else(|| Problem::title_not_found(id)),
            Err(failure) => failure,
        };
        let helps = self.fallback.as_ref().filter(|_| failure.is_upstream() && !caller.is_fallback);
        let title = match helps {
            Some(fallback) => fallback.title(&self.client, id, caller, since).await,
            None => None,
        };
        title.ok_or_else(|| failure.into())
    }

    /// Returns a page of the titles that `query` finds, best matches first.
    pub async fn search(&self, query: &SearchQuery) -> Result<Rendered<Page<Title>>, Problem> {
        let (key, query) = (key::search(query), query.clone());
        Ok(self.answer(&key, |titles| source::search(titles, query)).await?)
    }

    /// Returns a page of all titles, the latest updated first.
    pub async fn updates(&self, page: u32, limit: u32) -> Result<Rendered<Page<Title>>, Problem> {
        let load = move |titles| source::updates(titles, page, limit);
        Ok(self.answer(&key::updates(page, limit), load).await?)
    }

    /// Returns a page of all titles, the most popular first.
    pub async fn popular(&self, page: u32, limit: u32) -> Result<Rendered<Page<Title>>, Problem> {
        let load = move |titles| source::popular(titles, page, limit);
        Ok(self.answer(&key::popular(page, limit), load).await?)
    }

    /// Returns a random title that is not blocked. Each call chooses again; the title itself may come from the cache.
    pub async fn random(&self) -> Result<Rendered<One<Title>>, Problem> {
        let id = source::random_id(self).await?;
        let title = self.known(id).await?;
        title.map(Rendered::no_store).ok_or_else(|| Problem::title_not_found(id))
    }

    /// Returns the releases of `days` of the week, 0 for Monday; of all days if `days` is empty.
    pub async fn schedule(&self, days: &[u8]) -> Result<Rendered<One<Vec<ScheduleDay>>>, Problem> {
        let (key, days) = (key::schedule(days), days.to_vec());
        let load = |titles: Self| async move { Ok(from_upstream::schedule(titles.client, days).await?) };
        Ok(self.answer(&key, load).await?)
    }

    /// Returns the names of all genres.
    pub async fn genres(&self) -> Result<Rendered<One<Vec<String>>>, Problem> {
        Ok(self.answer(key::genres(), source::genres).await?)
    }

    /// Returns the cache options of answers other than single titles.
    pub(crate) fn of_lists(&self) -> &Options {
        &self.of_lists
    }

    /// Returns the ids of genres by their names; `None` if one of them does not exist.
    pub(crate) async fn genre_ids(&self, names: &[String]) -> Result<Option<Vec<GenreId>>, LoadFailure> {
        if names.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let load = |titles: Self| async move { Ok(from_upstream::genre_list(titles.client).await?) };
        let list = self.cached(&self.of_lists, key::genre_ids(), load).await?;
        Ok(from_upstream::genre_ids(list.value(), names)?)
    }

    /// Expires all answers that contain title `id`, and all lists, because the title may belong in any of them now. Returns
    /// the number of expired answers. Call it when the title, or anything that lists are built from, has changed.
    ///
    /// Expired answers remain as stale fallback for when AniLibria fails.
    pub async fn changed(&self, id: u32) -> u64 {
        let of_title = self.cache.expire_by_tag(tag::title(id)).await;
        of_title + self.cache.expire_by_tag(tag::LISTS).await
    }

    /// Expires all lists and all answers that contain one of `titles`. Call it when the local catalog has changed.
    /// `titles` is empty if the changed titles cannot be named.
    pub async fn catalog_changed(&self, titles: &[u32]) {
        for id in titles {
            self.cache.expire_by_tag(tag::title(*id)).await;
        }
        self.cache.expire_by_tag(tag::LISTS).await;
    }

    /// Reloads the schedule and the genres. If AniLibria fails, the old answers stay.
    pub async fn renew_references(&self) {
        for pattern in ["schedule*", "genres*", "legacy:schedule:*", "legacy:references:*"] {
            self.cache.invalidate(Invalidation::expire(Scope::Matching(Pattern::from(pattern)))).await;
        }
        if let Err(problem) = self.schedule(&[]).await {
            let error = &problem as &dyn StdError;
            warn!(error, "schedule not renewed");
        }
        if let Err(problem) = self.genres().await {
            let error = &problem as &dyn StdError;
            warn!(error, "genres not renewed");
        }
    }

    /// Returns title `id` from the cache, AniLibria or the catalog; `None` if there is no such title.
    async fn known(&self, id: u32) -> Result<Option<Rendered<One<Title>>>, LoadFailure> {
        let load = move |titles: Self| async move { Ok(from_upstream::title(titles.client, id).await?) };
        match self.cached(&Options::new(), &key::title(id), load).await {
            Ok(cached) if cached.is_absent() => Ok(None),
            Ok(cached) => Ok(Some(rendered(cached))),
            Err(failure) => self.in_need(id).map(Some).ok_or(failure),
        }
    }

    /// Returns title `id` from the local catalog, marked as stale. Used when AniLibria fails.
    fn in_need(&self, id: u32) -> Option<Rendered<One<Title>>> {
        let meta = Meta { cached: true, stale: true, ..Meta::default() };
        Some(Rendered::new(source::in_need(self, id)?, meta))
    }

    /// Returns the answer of a list under `key` from the cache, or else from `load`.
    async fn answer<T, F>(
        &self,
        key: &str,
        load: impl FnOnce(Self) -> F + Clone + Send + 'static,
    ) -> Result<Rendered<T>, LoadFailure>
    where
        F: Future<Output = Result<NewValue, LoadFailure>> + Send + 'static,
    {
        Ok(rendered(self.cached(&self.of_lists, key, load).await?))
    }

    /// Returns the cached value under `key`, or else the result of `load`.
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
            let load = |_previous| async move { Ok::<_, LoadFailure>(load(titles).await?.validator(form())) };
            self.cache.get_or_load_with(options, key, [], load)
        };
        let cached = get().await?;
        if cached.entry().validator() == Some(form()) {
            return Ok(cached);
        }
        // A value in another format was written by another version of the service.
        self.cache.remove(key).await;
        Ok(get().await?)
    }
}

/// Returns the format version of cached answers. Values of another format belong to instances of another version.
fn form() -> &'static str {
    static FORM: LazyLock<String> = LazyLock::new(schema_fingerprint::<Title>);
    &FORM
}

/// Converts a cached value to an answer, with metadata on its source.
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
