//! The service behind the routes of API v1. It shares the cache with API v2.

use std::{collections::HashMap, future::ready};

use anilibria_cache::{NewValue, Options};
use anilibria_client::{
    model::{Release, ReleaseId, ReleaseRef},
    support, v3,
};
use anilibria_http::{LoadFailure, problem::Problem, tag};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::{
    ListQuery, key,
    response::{LegacyResponse, Pagination, render, render_page},
    selection::{self, catalog},
    title,
};
use crate::{health::Health, titles::Titles};

/// Name of the source in responses that name one.
const SOURCE: &str = "anilibria";

/// Maximum number of titles that one request loads concurrently.
const CONCURRENT_LOADS: usize = 4;

/// The service behind the routes of API v1. Cheap to clone.
#[derive(Clone)]
pub struct Legacy {
    pub(super) titles: Titles,
    pub(super) health: Health,
}

impl Legacy {
    /// Creates a service that reads through the client and the cache of `titles`.
    pub fn new(titles: Titles, health: Health) -> Self {
        Self { titles, health }
    }

    /// Returns a page of the titles that match `query`.
    pub(super) async fn list(&self, query: &ListQuery) -> Result<LegacyResponse, Problem> {
        let requested = query.clone();
        let load = |titles: Titles| async move { list(titles, requested).await };
        match self.titles.cached(self.titles.list_options(), &key::list(query), load).await {
            Ok(cached) => Ok(LegacyResponse::cached(cached)),
            Err(failure) => self.list_from_catalog(query).ok_or_else(|| failure.into()),
        }
    }

    /// Returns one title.
    pub(super) async fn title(&self, title: Option<&ReleaseRef>) -> Result<LegacyResponse, Problem> {
        match title {
            Some(ReleaseRef::Id(id)) => self.by_id(*id).await,
            Some(ReleaseRef::Alias(code)) => match catalog(&self.titles) {
                // The catalog is complete, so a readable id that it does not contain does not exist.
                Some(catalog) => match catalog.by_alias(code) {
                    Some(entry) => self.by_id(entry.id).await,
                    None => Err(Problem::NotFound),
                },
                None => self.by_code(code).await,
            },
            None => Err(Problem::NotFound),
        }
    }

    /// Returns random titles that are not blocked. The choice is made by each call.
    pub(super) async fn random(&self, count: u32) -> Result<LegacyResponse, Problem> {
        let ids = selection::random(&self.titles, count).await?;
        if ids.len() > CONCURRENT_LOADS {
            // Many titles are loaded in batches. With one call per title, a request could cause a hundred calls.
            let releases = load_releases(&self.titles, ids).await?;
            let titles = title::titles(self.titles.client(), &releases).map_err(Problem::internal)?;
            let rendered = titles.iter().map(|title| render(title).map(LegacyResponse::uncached));
            let rendered = rendered.collect::<Result<Vec<_>, _>>().map_err(Problem::internal)?;
            return Ok(LegacyResponse::list_of(&rendered));
        }
        let titles = stream::iter(ids).map(|id| self.by_id(id)).buffered(CONCURRENT_LOADS);
        // A title that was removed after the choice is skipped.
        let titles = titles.filter(|title| ready(!matches!(title, Err(Problem::TitleNotFound { .. }))));
        Ok(LegacyResponse::list_of(&titles.try_collect::<Vec<_>>().await?))
    }

    /// Returns the releases of `days` of the week, 0 for Monday; of all days if `days` is empty.
    pub(super) async fn schedule(&self, days: &[u8]) -> Result<LegacyResponse, Problem> {
        let requested = days.to_vec();
        let load = |titles: Titles| async move { schedule(titles, requested).await };
        Ok(LegacyResponse::cached(
            self.titles.cached(self.titles.list_options(), &key::schedule(days), load).await?,
        ))
    }

    async fn by_id(&self, id: ReleaseId) -> Result<LegacyResponse, Problem> {
        let load = move |titles: Titles| async move {
            let release = titles.release(id).await?;
            let title = release.map(|release| cacheable_title(&titles, &release)).transpose()?;
            Ok(title.unwrap_or_else(NewValue::absent).tag(tag::title(id.get())))
        };
        match self.titles.cached(&Options::new(), &key::title(id.get()), load).await {
            Ok(cached) if cached.is_absent() => Err(Problem::title_not_found(id.get())),
            Ok(cached) => Ok(LegacyResponse::cached(cached)),
            Err(failure) => self.title_from_catalog(id).ok_or_else(|| failure.into()),
        }
    }

    async fn by_code(&self, code: &str) -> Result<LegacyResponse, Problem> {
        let requested = ReleaseRef::from(code);
        let load = move |titles: Titles| async move { load_by_code(&titles, requested).await };
        let cached = self.titles.cached(&Options::new(), &key::code(code), load).await?;
        if cached.is_absent() { Err(Problem::NotFound) } else { Ok(LegacyResponse::cached(cached)) }
    }

    /// Returns a page from the local catalog, without storing it in the cache. It is the fallback if AniLibria fails.
    fn list_from_catalog(&self, query: &ListQuery) -> Option<LegacyResponse> {
        let catalog = catalog(&self.titles)?;
        let found = selection::find(&catalog, query);
        let releases: Vec<_> = found.items.iter().map(|entry| v3::release_of(&catalog, entry)).collect();
        let titles = title::titles(self.titles.client(), &releases).ok()?;
        page(&titles, query, found.total as u64).ok().map(LegacyResponse::uncached)
    }

    /// Returns one title from the local catalog, without storing it in the cache. It is the fallback if AniLibria fails.
    fn title_from_catalog(&self, id: ReleaseId) -> Option<LegacyResponse> {
        let catalog = catalog(&self.titles)?;
        let release = v3::release_of(&catalog, catalog.get(id)?);
        let title = title::title(self.titles.client(), &release).ok()?;
        render(&title).ok().map(LegacyResponse::uncached)
    }
}

/// Loads a page of titles.
async fn list(titles: Titles, query: ListQuery) -> Result<NewValue, LoadFailure> {
    let selected = selection::select(&titles, &query).await?;
    let releases = load_releases(&titles, selected.ids).await?;
    let page = page(&title::titles(titles.client(), &releases)?, &query, selected.total)?;
    Ok(NewValue::new(page).tags(releases.iter().map(|release| tag::title(release.id.get()))).tag(tag::LISTS))
}

fn page(titles: &[Value], query: &ListQuery, total: u64) -> serde_json::Result<bytes::Bytes> {
    let pagination = Pagination { page: query.page, limit: query.limit, total };
    render_page(titles, pagination, query.names_source.then_some(SOURCE))
}

/// Renders `release` as a value for the cache.
fn cacheable_title(titles: &Titles, release: &Release) -> Result<NewValue, LoadFailure> {
    let title = render(&title::title(titles.client(), release)?)?;
    Ok(NewValue::new(title).tag(tag::title(release.id.get())))
}

/// Loads the title with a readable id. The value is absent if AniLibria has no such title.
async fn load_by_code(titles: &Titles, requested: ReleaseRef) -> Result<NewValue, LoadFailure> {
    match titles.client().releases().get(requested).exclude(["sponsors"]).await {
        Ok(release) => cacheable_title(titles, &release),
        Err(error) if error.is_not_found() => Ok(NewValue::absent()),
        Err(error) => Err(error.into()),
    }
}

/// Loads the schedule of `days` of the week; of all days if `days` is empty.
async fn schedule(titles: Titles, days: Vec<u8>) -> Result<NewValue, LoadFailure> {
    let week = titles.client().schedule().week().await?;
    let releases = load_releases(&titles, week.iter().map(|item| item.release.id).collect()).await?;
    let mut known = HashMap::new();
    for release in &releases {
        known.insert(release.id, title::title(titles.client(), release)?);
    }
    let week = support::week(&week, &days, |release| known.get(&release.id).cloned());
    let tags = releases.iter().map(|release| tag::title(release.id.get()));
    Ok(NewValue::new(render(&week)?).tags(tags).tag(tag::LISTS))
}

/// Loads complete releases, in the order of `ids`. The releases in AniLibria's lists have no episodes and no torrents.
async fn load_releases(titles: &Titles, ids: Vec<ReleaseId>) -> Result<Vec<Release>, LoadFailure> {
    titles.releases(ids).await
}
