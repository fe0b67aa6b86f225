//! Loaders that read AniLibria: they request, map and render. The cache calls them on a miss.

use anilibria_cache::NewValue;
use anilibria_client::{
    Client, Error,
    model::{CatalogSorting, Genre, GenreId, Release, ReleaseId},
    page::Window,
    request::MAX_LIMIT,
    support::{fold, sort_russian},
};
use anilibria_http::{LoadFailure, envelope::Pagination, rendered::render, tag};
use bytes::Bytes;
use futures::future;
use serde_json::Value;

use super::{ListQuery, SearchQuery, Titles, selection};
use crate::titles::mapping::Mapping;

/// Loads a title with its episodes. The value is absent if AniLibria has no such title.
pub(super) async fn title(titles: &Titles, id: u32) -> Result<NewValue, LoadFailure> {
    let release = titles.release(ReleaseId(id)).await?;
    Ok(cacheable_title(id, release.map(|release| render_title(&titles.client, &release))))
}

/// Loads a release with its episodes, past the cache; `None` if AniLibria has no such release.
pub(super) async fn load_release(client: &Client, id: u32) -> Result<Option<Release>, Error> {
    // The excluded fields are not used, and they are half of the response of AniLibria.
    match client.releases().get(id).exclude(["torrents", "members", "sponsors"]).await {
        Ok(release) => Ok(Some(release)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Renders `release` as a title.
pub(super) fn render_title(client: &Client, release: &Release) -> Bytes {
    render(&Mapping::new(client).title(release), None)
}

/// Returns the rendered title `id` as a value for the cache; an absent value for `None`.
pub(super) fn cacheable_title(id: u32, title: Option<Bytes>) -> NewValue {
    title.map_or_else(NewValue::absent, NewValue::new).tag(tag::title(id))
}

/// Loads a page of the catalog.
pub(super) async fn list(client: Client, query: ListQuery, genres: Vec<GenreId>) -> Result<NewValue, Error> {
    let window = selection::select(&client, &query, &genres).await?;
    Ok(page(&client, &window, query.page, query.limit))
}

/// Returns an empty page.
pub(super) fn empty_page(client: &Client, page_number: u32, limit: u32) -> NewValue {
    page(client, &Window::default(), page_number, limit)
}

/// Loads a page of the results of AniLibria's search, which returns all its results at once.
pub(super) async fn search(client: Client, query: SearchQuery) -> Result<NewValue, Error> {
    let found = client.search(query.text).await?;
    let window = selection::page_of(found, offset(query.page, query.limit), query.limit);
    Ok(page(&client, &window, query.page, query.limit))
}

/// Loads a page of all titles, the latest updated first. AniLibria's list of latest releases provides the first pages, because it
/// contains the latest episodes. The catalog, which has the same order, provides the other pages and the total.
pub(super) async fn updates(client: Client, page_number: u32, limit: u32) -> Result<NewValue, Error> {
    let offset = offset(page_number, limit);
    let end = offset + u64::from(limit);
    let catalog = client.catalog().releases().sorting(CatalogSorting::FreshAtDesc);
    let window = match u32::try_from(end) {
        Ok(end) if end <= MAX_LIMIT => {
            let count = catalog.limit(1).include(["id"]).into_future();
            let latest = client.releases().latest().limit(end).into_future();
            let (latest, count) = future::try_join(latest, count).await?;
            let total = count.pagination.total.unwrap_or(latest.len() as u64);
            Window::new(selection::page_of(latest, offset, limit).items, total)
        }
        _ => catalog.window(offset, limit).await?,
    };
    Ok(page(&client, &window, page_number, limit))
}

/// Loads a page of all titles, the most popular first.
pub(super) async fn popular(client: Client, page_number: u32, limit: u32) -> Result<NewValue, Error> {
    let catalog = client.catalog().releases().sorting(CatalogSorting::RatingDesc);
    let window = catalog.window(offset(page_number, limit), limit).await?;
    Ok(page(&client, &window, page_number, limit))
}

/// Loads the schedule of `days` of the week; of all days if `days` is empty.
pub(super) async fn schedule(client: Client, days: Vec<u8>) -> Result<NewValue, Error> {
    let week = client.schedule().week().await?;
    let tags: Vec<_> = week.iter().map(|item| tag::title(item.release.id.get())).collect();
    Ok(NewValue::new(render(&Mapping::new(&client).week(&week, &days), None)).tags(tags).tag(tag::LISTS))
}

/// Loads the names of all genres.
pub(super) async fn genres(client: Client) -> Result<NewValue, Error> {
    let mut names: Vec<_> = client.catalog().genres().await?.into_iter().map(|genre| genre.name).collect();
    sort_russian(&mut names);
    Ok(NewValue::new(render(&names, None)))
}

/// Loads the genres with their ids, in AniLibria's format, which [`genre_ids`] parses.
pub(super) async fn genre_list(client: Client) -> Result<NewValue, Error> {
    let genres: Value = client.fetch(client.catalog().genres().request()).await?;
    Ok(NewValue::new(genres.to_string()))
}

/// Returns the ids of genres by their names; `None` if one of them does not exist.
pub(super) fn genre_ids(list: &[u8], names: &[String]) -> Result<Option<Vec<GenreId>>, Error> {
    let genres: Vec<Genre> = anilibria_client::decode(list)?;
    let id = |name: &String| {
        let name = fold(name);
        genres.iter().find(|genre| fold(&genre.name) == name).map(|genre| genre.id)
    };
    Ok(names.iter().map(id).collect())
}

/// Returns the id of a random release that is not blocked.
pub(super) async fn random_id(client: &Client) -> Result<u32, Error> {
    // About one in five releases is blocked at the location of the service, so five are requested.
    let releases = client.releases().random().limit(5).await?;
    let release = releases.iter().find(|release| !release.is_blocked()).or(releases.first());
    let none = || Error::NotFound { message: "AniLibria returned no random release".to_owned() };
    release.map(|release| release.id.get()).ok_or_else(none)
}

fn page(client: &Client, window: &Window<Release>, page_number: u32, limit: u32) -> NewValue {
    let titles = Mapping::new(client).titles(&window.items);
    let tags: Vec<_> = titles.iter().map(|title| tag::title(title.id)).collect();
    let page = render(&titles, Some(Pagination::new(page_number, limit, window.total)));
    NewValue::new(page).tags(tags).tag(tag::LISTS)
}

fn offset(page_number: u32, limit: u32) -> u64 {
    u64::from(page_number.saturating_sub(1)) * u64::from(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genres_are_found_regardless_of_case_and_yo() {
        let list = r#"[{"id": 8, "name": "Драма"}, {"id": 12, "name": "Сёнен"}]"#.as_bytes();
        let ids = |names: &[&str]| {
            genre_ids(list, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };

        assert_eq!(ids(&["СЕНЕН", "драма"]).unwrap(), Some(vec![GenreId(12), GenreId(8)]));
        assert_eq!(ids(&["драма", "нет такого"]).unwrap(), None);
        assert_eq!(ids(&[]).unwrap(), Some(Vec::new()));
    }
}
