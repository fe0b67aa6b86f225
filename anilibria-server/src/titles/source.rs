//! Loaders of lists. They read the local catalog once it is loaded, and AniLibria otherwise.

use std::sync::Arc;

use anilibria_cache::NewValue;
use anilibria_client::{
    Client,
    reflector::{Catalog, Sort},
};
use anilibria_http::{load_failure::LoadFailure, rendered::render};

use super::{
    ListQuery, SearchQuery, Titles,
    from_catalog::{self, CatalogLists},
    from_upstream,
};
use crate::titles::mapping::Mapping;

type Result<T> = std::result::Result<T, LoadFailure>;

/// Loads a page of the titles that match a query.
pub(super) async fn list(titles: Titles, query: ListQuery) -> Result<NewValue> {
    if let Some(catalog) = catalog(&titles) {
        return Ok(lists(&titles.client, &catalog).list(&query));
    }
    if query.needs_catalog() {
        return Err(LoadFailure::NoCatalog);
    }
    match titles.genre_ids(&query.genres).await? {
        Some(genres) => Ok(from_upstream::list(titles.client, query, genres).await?),
        None => Ok(from_upstream::empty_page(&titles.client, query.page, query.limit)),
    }
}

/// Loads a page of the titles that a search finds.
pub(super) async fn search(titles: Titles, query: SearchQuery) -> Result<NewValue> {
    match catalog(&titles) {
        Some(catalog) => Ok(lists(&titles.client, &catalog).search(&query)),
        None => Ok(from_upstream::search(titles.client, query).await?),
    }
}

/// Loads a page of all titles, the latest updated first.
pub(super) async fn updates(titles: Titles, page: u32, limit: u32) -> Result<NewValue> {
    match catalog(&titles) {
        Some(catalog) => Ok(lists(&titles.client, &catalog).sorted(Sort::Updated, page, limit)),
        None => Ok(from_upstream::updates(titles.client, page, limit).await?),
    }
}

/// Loads a page of all titles, the most popular first.
pub(super) async fn popular(titles: Titles, page: u32, limit: u32) -> Result<NewValue> {
    match catalog(&titles) {
        Some(catalog) => Ok(lists(&titles.client, &catalog).sorted(Sort::Favorites, page, limit)),
        None => Ok(from_upstream::popular(titles.client, page, limit).await?),
    }
}

/// Loads the names of all genres.
pub(super) async fn genres(titles: Titles) -> Result<NewValue> {
    match catalog(&titles) {
        Some(catalog) => Ok(lists(&titles.client, &catalog).genres()),
        None => Ok(from_upstream::genres(titles.client).await?),
    }
}

/// Returns the id of a random title that is not blocked.
pub(super) async fn random_id(titles: &Titles) -> Result<u32> {
    match catalog(titles).as_deref().and_then(from_catalog::random_id) {
        Some(id) => Ok(id),
        None => Ok(from_upstream::random_id(&titles.client).await?),
    }
}

/// Renders title `id` from the local catalog, with its episodes but without their streams. It is the fallback if AniLibria
/// fails.
pub(super) fn title_from_catalog(titles: &Titles, id: u32) -> Option<bytes::Bytes> {
    let catalog = catalog(titles)?;
    let title = Mapping::new(&titles.client).entry_with_episodes(&catalog, catalog.get(id)?)?;
    Some(render(&title, None))
}

/// Returns the local catalog, if it is loaded.
fn catalog(titles: &Titles) -> Option<Arc<Catalog>> {
    titles.local_catalog()?.catalog()
}

fn lists<'a>(client: &'a Client, catalog: &'a Catalog) -> CatalogLists<'a> {
    CatalogLists { client, catalog }
}
