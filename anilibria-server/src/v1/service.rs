//! The service behind the routes of version 1. It shares the cache with version 2.

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
    ListQuery,
    answer::{Answer, Pagination, render, render_page},
    key,
    select::{self, catalog},
    title,
};
use crate::{health::Health, titles::Titles};

/// Source that responses name, where they name one.
const SOURCE: &str = "anilibria";

/// Maximum number of titles that are loaded at a time for one response.
const AT_A_TIME: usize = 4;

/// Business logic of the routes of version 1. Cheap to clone.
#[derive(Clone)]
pub struct Legacy {
    pub(super) titles: Titles,
    pub(super) health: Health,
}

impl Legacy {
    /// Creates the service over the upstream and the cache of `titles`.
    pub fn new(titles: Titles, health: Health) -> Self {
        Self { titles, health }
    }

    /// Returns a page of the titles that match `query`.
    pub(super) async fn list(&self, query: &ListQuery) -> Result<Answer, Problem> {
        let asked = query.clone();
        let load = |titles: Titles| async move { list(titles, asked).await };
        match self.titles.cached(self.titles.list_options(), &key::list(query), load).await {
            Ok(cached) => Ok(Answer::cached(cached)),
            Err(failure) => self.list_in_need(query).ok_or_else(|| failure.into()),
        }
    }

    /// Returns one title.
    pub(super) async fn title(&self, title: Option<&ReleaseRef>) -> Result<Answer, Problem> {
        match title {
            Some(ReleaseRef::Id(id)) => self.by_id(*id).await,
            Some(ReleaseRef::Alias(code)) => match catalog(&self.titles) {
                // A readable id that the catalog lacks does not exist.
                Some(catalog) => match catalog.by_alias(code) {
                    Some(entry) => self.by_id(entry.id).await,
                    None => Err(Problem::NotFound),
                },
                None => self.by_code(code).await,
            },
            None => Err(Problem::NotFound),
        }
    }

    /// Returns random titles that are not blocked. Each call chooses again.
    pub(super) async fn random(&self, count: u32) -> Result<Answer, Problem> {
        let ids = select::random(&self.titles, count).await?;
        if ids.len() > AT_A_TIME {
            // Loaded in batches: with one call per title, a single request would cause a hundred calls.
            let releases = many(&self.titles, ids).await?;
            let titles = title::titles(self.titles.client(), &releases).map_err(Problem::internal)?;
            let rendered = titles.iter().map(|title| render(title).map(Answer::once));
            let rendered = rendered.collect::<Result<Vec<_>, _>>().map_err(Problem::internal)?;
            return Ok(Answer::list_of(&rendered));
        }
        let titles = stream::iter(ids).map(|id| self.by_id(id)).buffered(AT_A_TIME);
        // A title that was removed in the meantime is skipped.
        let titles = titles.filter(|title| ready(!matches!(title, Err(Problem::TitleNotFound { .. }))));
        Ok(Answer::list_of(&titles.try_collect::<Vec<_>>().await?))
    }

    /// Returns the releases of `days` of the week, 0 for Monday; of all days if `days` is empty.
    pub(super) async fn schedule(&self, days: &[u8]) -> Result<Answer, Problem> {
        let asked = days.to_vec();
        let load = |titles: Titles| async move { schedule(titles, asked).await };
        Ok(Answer::cached(self.titles.cached(self.titles.list_options(), &key::schedule(days), load).await?))
    }

    async fn by_id(&self, id: ReleaseId) -> Result<Answer, Problem> {
        let load = move |titles: Titles| async move {
            let loaded = one(titles, id.into()).await?;
            Ok(loaded.tag(tag::title(id.get())))
        };
        match self.titles.cached(&Options::new(), &key::title(id.get()), load).await {
            Ok(cached) if cached.is_absent() => Err(Problem::title_not_found(id.get())),
            Ok(cached) => Ok(Answer::cached(cached)),
            Err(failure) => self.title_in_need(id).ok_or_else(|| failure.into()),
        }
    }

    async fn by_code(&self, code: &str) -> Result<Answer, Problem> {
        let asked = ReleaseRef::from(code);
        let load = move |titles: Titles| async move { one(titles, asked).await };
        let cached = self.titles.cached(&Options::new(), &key::code(code), load).await?;
        if cached.is_absent() { Err(Problem::NotFound) } else { Ok(Answer::cached(cached)) }
    }

    /// Returns a page from the local catalog, for this request only. Used when AniLibria fails.
    fn list_in_need(&self, query: &ListQuery) -> Option<Answer> {
        let catalog = catalog(&self.titles)?;
        let found = select::find(&catalog, query);
        let releases: Vec<_> = found.items.iter().map(|entry| v3::release_of(&catalog, entry)).collect();
        let titles = title::titles(self.titles.client(), &releases).ok()?;
        page(&titles, query, found.total as u64).ok().map(Answer::once)
    }

    /// Returns one title from the local catalog, for this request only.
    fn title_in_need(&self, id: ReleaseId) -> Option<Answer> {
        let catalog = catalog(&self.titles)?;
        let release = v3::release_of(&catalog, catalog.get(id)?);
        let title = title::title(self.titles.client(), &release).ok()?;
        render(&title).ok().map(Answer::once)
    }
}

/// Loads a page of titles.
async fn list(titles: Titles, query: ListQuery) -> Result<NewValue, LoadFailure> {
    let selected = select::select(&titles, &query).await?;
    let releases = many(&titles, selected.ids).await?;
    let page = page(&title::titles(titles.client(), &releases)?, &query, selected.total)?;
    Ok(NewValue::new(page).tags(releases.iter().map(|release| tag::title(release.id.get()))).tag(tag::LISTS))
}

fn page(titles: &[Value], query: &ListQuery, total: u64) -> serde_json::Result<bytes::Bytes> {
    let pagination = Pagination { page: query.page, limit: query.limit, total };
    render_page(titles, pagination, query.tells_source.then_some(SOURCE))
}

/// Loads one title; absent if AniLibria has no such title.
async fn one(titles: Titles, asked: ReleaseRef) -> Result<NewValue, LoadFailure> {
    match titles.client().releases().get(asked).exclude(["sponsors"]).await {
        Ok(release) => {
            let title = render(&title::title(titles.client(), &release)?)?;
            Ok(NewValue::new(title).tag(tag::title(release.id.get())))
        }
        Err(error) if error.is_not_found() => Ok(NewValue::absent()),
        Err(error) => Err(error.into()),
    }
}

/// Loads the schedule of the week, or of some days.
async fn schedule(titles: Titles, days: Vec<u8>) -> Result<NewValue, LoadFailure> {
    let week = titles.client().schedule().week().await?;
    let releases = many(&titles, week.iter().map(|item| item.release.id).collect()).await?;
    let mut known = HashMap::new();
    for release in &releases {
        known.insert(release.id, title::title(titles.client(), release)?);
    }
    let week = support::week(&week, &days, |release| known.get(&release.id).cloned());
    let tags = releases.iter().map(|release| tag::title(release.id.get()));
    Ok(NewValue::new(render(&week)?).tags(tags).tag(tag::LISTS))
}

/// Loads whole releases, in the order of `ids`. Releases in lists lack episodes and torrents.
async fn many(titles: &Titles, ids: Vec<ReleaseId>) -> Result<Vec<Release>, LoadFailure> {
    Ok(titles.client().releases().many(ids).await?)
}
