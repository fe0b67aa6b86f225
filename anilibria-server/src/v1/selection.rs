//! Selection of the titles of a list: by the local catalog once it is loaded, and by AniLibria otherwise.

use std::sync::Arc;

use anilibria_client::{
    model::{CatalogSorting, ReleaseId},
    reflector::{Catalog, Found, Sort},
};
use anilibria_http::LoadFailure;

use super::ListQuery;
use crate::titles::{Titles, catalog::LocalCatalog};

/// Ids of the titles of a page, and the number of titles in the list.
#[derive(Debug, Default)]
pub(super) struct Selected {
    pub(super) ids: Vec<ReleaseId>,
    pub(super) total: u64,
}

/// Returns the local catalog, if it is loaded.
pub(super) fn catalog(titles: &Titles) -> Option<Arc<Catalog>> {
    titles.local_catalog().and_then(LocalCatalog::catalog)
}

/// Returns one page of the titles that match `query`.
pub(super) async fn select(titles: &Titles, query: &ListQuery) -> Result<Selected, LoadFailure> {
    let Some(catalog) = catalog(titles) else { return from_upstream(titles, query).await };
    let found = find(&catalog, query);
    Ok(Selected { ids: found.items.iter().map(|entry| entry.id).collect(), total: found.total as u64 })
}

/// Returns one page of the entries of `catalog` that match `query`.
pub(super) fn find<'c>(catalog: &'c Catalog, query: &ListQuery) -> Found<'c> {
    let mut selected = catalog.query().genres(&query.genres);
    if let Some(sort) = query.sort {
        selected = selected.sort(sort);
    }
    if let Some(text) = &query.text {
        selected = selected.search(text.as_str());
    }
    if let Some(year) = query.year {
        // A year out of range becomes 0, which no title has.
        selected = selected.years([u16::try_from(year).unwrap_or_default()]);
    }
    if let Some(season) = &query.season {
        selected = selected.seasons([season.clone()]);
    }
    if let Some(kind) = &query.kind {
        selected = selected.kinds([kind.clone()]);
    }
    let offset = usize::try_from(query.offset()).unwrap_or(usize::MAX);
    selected.offset(offset).limit(query.limit as usize).find()
}

async fn from_upstream(titles: &Titles, query: &ListQuery) -> Result<Selected, LoadFailure> {
    let Some(genres) = titles.genre_ids(&query.genres).await? else { return Ok(Selected::default()) };
    let mut catalog = titles.client().catalog().releases().include(["id"]);
    if !genres.is_empty() {
        catalog = catalog.genres(genres);
    }
    if let Some(sort) = query.sort {
        catalog = catalog.sorting(sorting(sort));
    }
    if let Some(text) = &query.text {
        catalog = catalog.search(text.as_str());
    }
    if let Some(year) = query.year {
        let Ok(year) = u16::try_from(year) else { return Ok(Selected::default()) };
        catalog = catalog.from_year(year).to_year(year);
    }
    if let Some(season) = &query.season {
        catalog = catalog.seasons([season.clone()]);
    }
    if let Some(kind) = &query.kind {
        catalog = catalog.kinds([kind.clone()]);
    }
    let window = catalog.window(query.offset(), query.limit).await?;
    Ok(Selected { ids: window.items.iter().map(|release| release.id).collect(), total: window.total })
}

/// Returns the closest sort order that AniLibria supports.
fn sorting(sort: Sort) -> CatalogSorting {
    match sort {
        Sort::Favorites | Sort::Rating => CatalogSorting::RatingDesc,
        _ => CatalogSorting::FreshAtDesc,
    }
}

/// Returns the ids of up to `count` random titles that are not blocked.
pub(super) async fn random(titles: &Titles, count: u32) -> Result<Vec<ReleaseId>, LoadFailure> {
    if let Some(catalog) = catalog(titles) {
        let unblocked = catalog.query().blocked(false).find();
        let chosen = fastrand::choose_multiple(unblocked.items.iter(), count as usize);
        return Ok(chosen.into_iter().map(|entry| entry.id).collect());
    }
    let releases = titles.client().releases().random().limit(count).await?;
    Ok(releases.iter().filter(|release| !release.is_blocked()).map(|release| release.id).collect())
}
