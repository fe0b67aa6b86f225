//! Selection of titles in the catalog of AniLibria's API.

use std::cmp::Ordering;

use anilibria_client::{
    Client, Error,
    api::catalog::CatalogReleases,
    model::{CatalogSorting, GenreId, ProductionStatus, PublishStatus, Release},
    page::Window,
};
use futures::{StreamExt, TryStreamExt, future};
use tracing::warn;

use super::{ListQuery, from_catalog::v1_season};
use crate::titles::{
    mapping,
    model::title::TitleStatus,
    params::{Order, Sort},
};

/// Maximum number of releases to read for a status that the catalog cannot filter by. About a hundred are in production at any
/// time.
const MAX_IN_PROGRESS: usize = 1000;

/// Returns one page of the releases in the catalog that match a query. `genres` replaces the names of genres in the query.
pub(super) async fn select(
    client: &Client,
    query: &ListQuery,
    genres: &[GenreId],
) -> Result<Window<Release>, Error> {
    let offset = u64::from(query.page - 1) * u64::from(query.limit);
    let Some(catalog) = catalog(client, query, genres) else {
        return Ok(Window::default());
    };
    match query.status {
        None => catalog.window(offset, query.limit).await,
        Some(TitleStatus::Completed) => {
            let ended = catalog.publish_statuses([PublishStatus::NotOngoing]);
            ended.production_statuses([ProductionStatus::NotInProduction]).window(offset, query.limit).await
        }
        Some(status) => {
            let mut releases = in_progress(&catalog).await?;
            releases.retain(|release| mapping::status(release) == status);
            releases.sort_by(|one, two| compare(one, two, query.sort, query.order));
            Ok(page_of(releases, offset, query.limit))
        }
    }
}

/// Returns the request with all filters except the status; `None` if nothing can match.
fn catalog(client: &Client, query: &ListQuery, genres: &[GenreId]) -> Option<CatalogReleases> {
    let mut catalog = client.catalog().releases().sorting(sorting(query.sort, query.order));
    if let Some(search) = &query.search {
        catalog = catalog.search(search.as_str());
    }
    if let Some(year) = query.year {
        let year = u16::try_from(year).ok()?;
        catalog = catalog.from_year(year).to_year(year);
    }
    if let Some(season) = query.season {
        catalog = catalog.seasons([v1_season(season)]);
    }
    if !genres.is_empty() {
        catalog = catalog.genres(genres.iter().copied());
    }
    Some(catalog)
}

/// Returns every release that is ongoing or in production. The catalog has both flags but combines them only with "and",
/// so each flag needs a separate request.
async fn in_progress(catalog: &CatalogReleases) -> Result<Vec<Release>, Error> {
    let ongoing = catalog.clone().publish_statuses([PublishStatus::Ongoing]);
    let in_production = catalog.clone().publish_statuses([PublishStatus::NotOngoing]);
    let in_production = in_production.production_statuses([ProductionStatus::InProduction]);
    let collect =
        |request: CatalogReleases| request.limit(50).items().take(MAX_IN_PROGRESS).try_collect::<Vec<_>>();
    let (mut releases, in_production) = future::try_join(collect(ongoing), collect(in_production)).await?;
    if releases.len().max(in_production.len()) == MAX_IN_PROGRESS {
        warn!(
            limit = MAX_IN_PROGRESS,
            "too many releases in progress, releases beyond the limit are not listed"
        );
    }
    releases.extend(in_production);
    Ok(releases)
}

/// Compares two releases in the order of the catalog, to merge the results of several requests. Ties are sorted by id, newest
/// first.
fn compare(one: &Release, two: &Release, sort: Sort, order: Order) -> Ordering {
    let ascending = match sort {
        Sort::Year => one.year.cmp(&two.year),
        // AniLibria sorts by "rating" as the number of users who like a release, not as their average vote.
        Sort::Rating => one.added_in_users_favorites.cmp(&two.added_in_users_favorites),
        Sort::Id | Sort::Updated => mapping::updated_at(one).cmp(&mapping::updated_at(two)),
    };
    let directed = if order == Order::Asc { ascending } else { ascending.reverse() };
    directed.then(two.id.cmp(&one.id))
}

fn sorting(sort: Sort, order: Order) -> CatalogSorting {
    match (sort, order) {
        // The catalog cannot sort by id; the order of new releases and updates is the closest one.
        (Sort::Id | Sort::Updated, Order::Desc) => CatalogSorting::FreshAtDesc,
        (Sort::Id | Sort::Updated, Order::Asc) => CatalogSorting::FreshAtAsc,
        (Sort::Rating, Order::Desc) => CatalogSorting::RatingDesc,
        (Sort::Rating, Order::Asc) => CatalogSorting::RatingAsc,
        (Sort::Year, Order::Desc) => CatalogSorting::YearDesc,
        (Sort::Year, Order::Asc) => CatalogSorting::YearAsc,
    }
}

/// Returns one page of a complete list.
pub(super) fn page_of(releases: Vec<Release>, offset: u64, limit: u32) -> Window<Release> {
    let total = releases.len() as u64;
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    Window::new(releases.into_iter().skip(skip).take(limit as usize).collect(), total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn releases(ids: impl IntoIterator<Item = u32>) -> Vec<Release> {
        ids.into_iter().map(|id| serde_json::from_value(serde_json::json!({"id": id})).unwrap()).collect()
    }

    #[test]
    fn page_has_the_total_of_the_list() {
        let window = page_of(releases(1..=5), 2, 2);

        assert_eq!((window.items, window.total), (releases([3, 4]), 5));
        assert!(page_of(releases(1..=5), u64::MAX, 2).items.is_empty());
    }

    #[test]
    fn ties_are_sorted_newest_first_in_both_directions() {
        for order in [Order::Asc, Order::Desc] {
            let mut list = releases([1, 3, 2]);

            list.sort_by(|one, two| compare(one, two, Sort::Year, order));

            assert_eq!(list, releases([3, 2, 1]), "{order:?}");
        }
    }

    #[test]
    fn impossible_year_selects_nothing() {
        let client = Client::new().unwrap();
        let query = |year| ListQuery { year, ..ListQuery::default() };

        assert!(catalog(&client, &query(Some(-5)), &[]).is_none());
        assert!(catalog(&client, &query(Some(2020)), &[]).is_some());
    }
}
