//! Selection of the titles of a list, from the local catalog once it is loaded, else by AniLibria.

use std::cmp::Reverse;

use anilibria_client::{
    model::{CatalogSorting, Release, ReleaseId},
    reflector::{Catalog, Sort},
};
use anilibria_http::LoadFailure;
use time::OffsetDateTime;

use super::{
    advanced_search::AdvancedSearch,
    gateway::{MAX_SCANNED, Workers, catalog},
    paging::{Pagination, Window},
    quota::RequestQuota,
    search::Search,
};
use crate::host::HostTitles;

/// Selectors of the titles of a list.
#[derive(Clone, Debug)]
pub(super) enum Selector {
    /// These titles.
    Ids(Vec<ReleaseId>),
    /// All titles, the last updated first.
    Updates { since: Option<i64> },
    /// All titles, the last changed first.
    Changes { since: Option<i64> },
    /// Titles that match the parameters of a search.
    Search(Box<Search>),
    /// Titles that match an expression.
    Advanced(Box<AdvancedSearch>),
}

impl Selector {
    /// Returns the name of the selector in cache keys.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Ids(_) => "list",
            Self::Updates { .. } => "updates",
            Self::Changes { .. } => "changes",
            Self::Search(_) => "search",
            Self::Advanced(_) => "advanced",
        }
    }

    /// Returns the selector as text.
    pub(super) fn canonical(&self) -> String {
        match self {
            Self::Advanced(advanced) => advanced.canonical(),
            other => format!("{other:?}"),
        }
    }
}

/// Returns the titles on a page of `selector`.
pub(super) async fn select(
    titles: &HostTitles,
    selector: &Selector,
    window: &Window,
    workers: &Workers,
    quota: &RequestQuota,
) -> Result<(Vec<ReleaseId>, Pagination), LoadFailure> {
    let catalog = catalog(titles);
    let all = match (selector, catalog) {
        (Selector::Ids(ids), _) => ids.clone(),
        (Selector::Updates { since }, Some(catalog)) => updated_since(&catalog, *since),
        (Selector::Updates { since: None }, None) => return updates_page(titles, window).await,
        (Selector::Updates { since: Some(since) }, None) => {
            let releases = latest_releases(titles).await?;
            ids_newer_than(releases, Release::last_activity_at, *since)
        }
        (Selector::Changes { since }, Some(catalog)) => changed_since(&catalog, *since),
        (Selector::Changes { since }, None) => {
            let mut releases = latest_releases(titles).await?;
            releases.sort_by_key(|release| Reverse(release.updated_at));
            ids_newer_than(releases, |release| release.updated_at, since.unwrap_or(i64::MIN))
        }
        (Selector::Search(search), Some(catalog)) => search.find_in_catalog(catalog, workers).await?,
        (Selector::Search(search), None) => search.find_upstream(titles).await?,
        (Selector::Advanced(advanced), Some(catalog)) => advanced.find(catalog, workers, quota).await?,
        (Selector::Advanced(_), None) => return Err(LoadFailure::NoCatalog),
    };
    let (range, pagination) = window.of(all.len());
    Ok((all.get(range).unwrap_or_default().to_vec(), pagination))
}

fn updated_since(catalog: &Catalog, since: Option<i64>) -> Vec<ReleaseId> {
    let all = catalog.query().sort(Sort::Updated).find().items.into_iter();
    all.filter(|entry| is_newer(entry.updated_at(), since)).map(|entry| entry.id).collect()
}

fn changed_since(catalog: &Catalog, since: Option<i64>) -> Vec<ReleaseId> {
    let mut all: Vec<_> = catalog.iter().filter(|entry| is_newer(entry.changed_at(), since)).collect();
    all.sort_by_key(|entry| Reverse(entry.changed_at()));
    all.into_iter().map(|entry| entry.id).collect()
}

/// True if `moment` is after `since`, in Unix seconds.
pub(super) fn is_newer(moment: Option<OffsetDateTime>, since: Option<i64>) -> bool {
    since.is_none_or(|since| moment.is_some_and(|moment| moment.unix_timestamp() > since))
}

fn ids_newer_than(
    releases: Vec<Release>,
    at: impl Fn(&Release) -> Option<OffsetDateTime>,
    since: i64,
) -> Vec<ReleaseId> {
    let newer = releases.into_iter().filter(|release| is_newer(at(release), Some(since)));
    newer.map(|release| release.id).collect()
}

/// Returns the last updated titles in the order of AniLibria, which is the requested one.
async fn updates_page(
    titles: &HostTitles,
    window: &Window,
) -> Result<(Vec<ReleaseId>, Pagination), LoadFailure> {
    // The start of the page does not depend on the length of the list.
    let (range, _) = window.of(usize::MAX);
    let wanted = u32::try_from(range.len()).unwrap_or(u32::MAX).clamp(1, MAX_SCANNED);
    let catalog = titles.client().catalog().releases().sorting(CatalogSorting::FreshAtDesc).include(["id"]);
    let found = catalog.window(range.start as u64, wanted).await?;
    let (_, pagination) = window.of(usize::try_from(found.total).unwrap_or(usize::MAX));
    Ok((found.items.iter().map(|release| release.id).collect(), pagination))
}

/// Returns the last updated titles with their times.
async fn latest_releases(titles: &HostTitles) -> Result<Vec<Release>, LoadFailure> {
    let catalog = titles.client().catalog().releases().sorting(CatalogSorting::FreshAtDesc);
    let catalog = catalog.include(["id", "fresh_at", "updated_at", "created_at"]);
    Ok(catalog.window(0, MAX_SCANNED).await?.items)
}
