//! Lists built from the local catalog: entries are selected, mapped and rendered.

use anilibria_cache::NewValue;
use anilibria_client::{
    Client,
    model::{ReleaseStatus, Season as V1Season},
    reflector::{Catalog, Found, Order as EntryOrder, Query, Sort as EntrySort},
    support::sort_russian,
};
use anilibria_http::{envelope::Pagination, rendered::render, tag};

use super::{ListQuery, SearchQuery};
use crate::titles::{
    mapping::Mapping,
    model::title::{Season, TitleStatus},
    params::{Order, Sort},
};

/// Lists of the titles in a catalog.
#[derive(Clone, Copy)]
pub(super) struct CatalogLists<'a> {
    /// Client that makes the addresses of pictures absolute.
    pub(super) client: &'a Client,
    pub(super) catalog: &'a Catalog,
}

impl CatalogLists<'_> {
    /// Returns a page of the titles that match a query.
    pub(super) fn list(self, query: &ListQuery) -> NewValue {
        let found = select(self.catalog, query);
        self.page(&found, query.page, query.limit)
    }

    /// Returns a page of the titles whose names contain a text, or a similar text if the query is fuzzy.
    pub(super) fn search(self, query: &SearchQuery) -> NewValue {
        let search = self.catalog.query().search(query.text.as_str());
        let search = if query.fuzzy { search } else { search.literal() };
        self.page(&find_page(search, query.page, query.limit), query.page, query.limit)
    }

    /// Returns a page of all titles, in descending order of `sort`.
    pub(super) fn sorted(self, sort: EntrySort, page: u32, limit: u32) -> NewValue {
        self.page(&find_page(self.catalog.query().sort(sort), page, limit), page, limit)
    }

    /// Returns the names of the genres that at least one title has.
    pub(super) fn genres(self) -> NewValue {
        let mut names: Vec<_> = self.catalog.genres().map(|(_, name)| name.to_owned()).collect();
        sort_russian(&mut names);
        NewValue::new(render(&names, None)).tag(tag::LISTS)
    }

    fn page(self, found: &Found<'_>, page: u32, limit: u32) -> NewValue {
        let mapping = Mapping::new(self.client);
        let titles: Vec<_> = found.items.iter().map(|entry| mapping.entry(self.catalog, entry)).collect();
        let tags: Vec<_> = titles.iter().map(|title| tag::title(title.id)).collect();
        let page = render(&titles, Some(Pagination::new(page, limit, found.total as u64)));
        NewValue::new(page).tags(tags).tag(tag::LISTS)
    }
}

/// Returns the id of a random title that is not blocked; `None` if all titles are.
pub(super) fn random_id(catalog: &Catalog) -> Option<u32> {
    let unblocked = catalog.query().blocked(false).find();
    Some(fastrand::choice(&unblocked.items)?.id.get())
}

/// Returns one page of the entries that match all filters of a query. Ties are sorted newest first.
fn select<'c>(catalog: &'c Catalog, query: &ListQuery) -> Found<'c> {
    let mut selected = catalog
        .query()
        .sort(sort(query.sort))
        .order(order(query.order))
        .genres(&query.genres)
        .mal_ids(query.mal_ids.iter().copied())
        .shikimori_ids(query.shikimori_ids.iter().copied());
    if let Some(text) = &query.search {
        selected = selected.search(text.as_str()).literal();
    }
    if let Some(year) = query.year {
        // A year out of range becomes 0, which no title has.
        selected = selected.years([u16::try_from(year).unwrap_or_default()]);
    }
    if let Some(season) = query.season {
        selected = selected.seasons([v1_season(season)]);
    }
    if let Some(status) = query.status {
        selected = selected.statuses([v1_status(status)]);
    }
    find_page(selected, query.page, query.limit)
}

/// Returns one page of the entries that `query` selects.
fn find_page(query: Query<'_>, page: u32, limit: u32) -> Found<'_> {
    let offset = u64::from(page.saturating_sub(1)) * u64::from(limit);
    query.offset(usize::try_from(offset).unwrap_or(usize::MAX)).limit(limit as usize).find()
}

fn sort(sort: Sort) -> EntrySort {
    match sort {
        Sort::Id => EntrySort::Id,
        Sort::Year => EntrySort::Year,
        Sort::Rating => EntrySort::Rating,
        Sort::Updated => EntrySort::Updated,
    }
}

fn order(order: Order) -> EntryOrder {
    match order {
        Order::Asc => EntryOrder::Ascending,
        Order::Desc => EntryOrder::Descending,
    }
}

pub(super) fn v1_season(season: Season) -> V1Season {
    match season {
        Season::Winter => V1Season::Winter,
        Season::Spring => V1Season::Spring,
        Season::Summer => V1Season::Summer,
        Season::Autumn => V1Season::Autumn,
    }
}

fn v1_status(status: TitleStatus) -> ReleaseStatus {
    match status {
        TitleStatus::Announced => ReleaseStatus::Announced,
        TitleStatus::Completed => ReleaseStatus::Completed,
        TitleStatus::Ongoing => ReleaseStatus::Ongoing,
    }
}

#[cfg(test)]
mod tests {
    use anilibria_client::model::Release;
    use serde_json::json;

    use super::*;

    fn catalog() -> Catalog {
        let release = |id: u32, year: u32, name: &str, season: &str| -> Release {
            serde_json::from_value(json!({
                "id": id, "year": year, "name": {"main": name}, "season": {"value": season},
                "is_blocked_by_geo": id != 3, "mal": {"id": 100 + id}, "shikimori": {"id": 200 + id / 2},
                "genres": [{"id": 1, "name": "Сёнен"}, {"id": 10 + id, "name": format!("Жанр {id}")}],
            }))
            .unwrap()
        };
        [
            release(1, 2020, "Кот", "winter"),
            release(2, 2021, "Коты", "autumn"),
            release(3, 2020, "Скот", "winter"),
        ]
        .into_iter()
        .collect()
    }

    fn ids(query: &ListQuery) -> Vec<u32> {
        select(&catalog(), query).items.iter().map(|entry| entry.id.get()).collect()
    }

    #[test]
    fn ids_are_sorted_numerically_and_ties_are_newest_first_in_both_directions() {
        assert_eq!(ids(&ListQuery::default()), [3, 2, 1]);
        assert_eq!(ids(&ListQuery { order: Order::Asc, ..ListQuery::default() }), [1, 2, 3]);
        assert_eq!(ids(&ListQuery { sort: Sort::Year, ..ListQuery::default() }), [2, 3, 1]);
        assert_eq!(
            ids(&ListQuery { sort: Sort::Year, order: Order::Asc, ..ListQuery::default() }),
            [3, 1, 2]
        );
    }

    #[test]
    fn all_filters_apply_and_a_search_keeps_the_requested_order() {
        let genres = |name: &str| vec!["СЕНЕН".to_owned(), name.to_owned()];

        assert_eq!(
            ids(&ListQuery { year: Some(2020), season: Some(Season::Winter), ..ListQuery::default() }),
            [3, 1]
        );
        assert_eq!(ids(&ListQuery { genres: genres("жанр 2"), ..ListQuery::default() }), [2]);
        assert_eq!(ids(&ListQuery { genres: genres("нет такого"), ..ListQuery::default() }), [0; 0]);
        assert_eq!(ids(&ListQuery { search: Some("кот".to_owned()), ..ListQuery::default() }), [3, 2, 1]);
        assert_eq!(ids(&ListQuery { year: Some(-5), ..ListQuery::default() }), [0; 0]);
    }

    #[test]
    fn titles_match_one_of_the_ids_of_each_external_service() {
        let of = |mal: &[u64], shikimori: &[u64]| {
            ids(&ListQuery { mal_ids: mal.into(), shikimori_ids: shikimori.into(), ..ListQuery::default() })
        };

        assert_eq!(of(&[101, 103, 999], &[]), [3, 1]);
        assert_eq!(of(&[], &[201]), [3, 2]);
        assert_eq!(of(&[101, 103], &[201]), [3]);
        assert_eq!(of(&[999], &[]), [0; 0]);
    }

    #[test]
    fn page_beyond_the_end_is_empty_and_has_the_total() {
        let catalog = catalog();

        let found = select(&catalog, &ListQuery { page: u32::MAX, limit: 100, ..ListQuery::default() });

        assert_eq!((found.items.len(), found.total), (0, 3));
    }

    #[test]
    fn random_title_is_not_blocked() {
        assert_eq!(random_id(&catalog()), Some(3));
        assert_eq!(random_id(&Catalog::default()), None);
    }
}
