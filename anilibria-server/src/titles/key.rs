//! Keys of cached values, except those of [`crate::v1`].

use std::{borrow::Cow, fmt::Write as _, sync::LazyLock};

use anilibria_client::support::fold;
use uuid::Uuid;

use crate::titles::{
    ListQuery, SearchQuery,
    params::{Order, Sort},
};

/// Patterns of all keys, also those of API v1: exact keys, and prefixes that end with `*`. Other keys in the same Redis belong
/// to other services.
pub(crate) const KEY_PATTERNS: [&str; 10] = [
    "title:*",
    "titles:*",
    "search:*",
    "popular:*",
    "updates:*",
    "schedule",
    "schedule:*",
    "genres",
    "genres:*",
    "legacy:*",
];

/// Pattern of the keys of [`release`]. Clients cannot clear releases alone: they are cleared together with the responses.
pub(crate) const RELEASES: &str = "release:*";

/// Digest of the default query without filters, which most requests use.
static UNFILTERED: LazyLock<String> = LazyLock::new(|| digest(Sort::default(), Order::default(), ""));

/// Returns the key of `GET /titles/{id}`.
pub fn title(id: u32) -> String {
    format!("title:{id}")
}

/// Returns the key of a release, from which the views of a title are made.
pub fn release(id: u32) -> String {
    format!("release:{id}")
}

/// Returns the key of `GET /titles`.
pub fn titles(query: &ListQuery) -> String {
    format!("titles:page:{}:limit:{}:filters:{}", query.page, query.limit, filters(query))
}

/// Returns the key of `GET /search`. Default values are omitted.
pub fn search(query: &SearchQuery) -> String {
    let fuzzy = if query.fuzzy { ":fuzzy" } else { "" };
    format!("search:{}:limit:{}{fuzzy}{}", normal(&query.text), query.limit, page(query.page))
}

/// Returns the key of `GET /updates`.
pub fn updates(page_number: u32, limit: u32) -> String {
    format!("updates:limit:{limit}{}", page(page_number))
}

/// Returns the key of `GET /popular`.
pub fn popular(page_number: u32, limit: u32) -> String {
    format!("popular:limit:{limit}{}", page(page_number))
}

/// Returns the key of `GET /schedule`, for sorted days.
pub fn schedule(days: &[u8]) -> String {
    if days.is_empty() {
        return "schedule".to_owned();
    }
    let days: Vec<_> = days.iter().map(u8::to_string).collect();
    format!("schedule:days:{}", days.join(","))
}

/// Returns the key of `GET /genres`.
pub fn genres() -> &'static str {
    "genres"
}

/// Returns the key of the genres with their ids, for the filter by genre.
pub fn genre_ids() -> &'static str {
    "genres:ids"
}

fn page(number: u32) -> String {
    if number == 1 { String::new() } else { format!(":page:{number}") }
}

fn normal(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Returns a digest of all filters and the order. It is the same on all instances and in all versions. Unset filters are not part
/// of it.
fn filters(query: &ListQuery) -> Cow<'static, str> {
    let ListQuery {
        page: _,
        limit: _,
        search,
        year,
        season,
        genres,
        mal_ids,
        shikimori_ids,
        status,
        sort,
        order,
    } = query;
    // Writing to a string cannot fail. Values are quoted, so that a value sent by a client cannot imitate a filter.
    let mut given = String::new();
    if let Some(search) = search {
        let _ = write!(given, " search={:?}", normal(search));
    }
    if let Some(year) = year {
        let _ = write!(given, " year={year}");
    }
    if let Some(season) = season {
        let _ = write!(given, " season={season:?}");
    }
    if let Some(status) = status {
        let _ = write!(given, " status={status:?}");
    }
    if !genres.is_empty() {
        let mut genres: Vec<_> = genres.iter().map(|genre| fold(genre)).collect();
        genres.sort_unstable();
        let _ = write!(given, " genres={genres:?}");
    }
    for (name, ids) in [("mal", mal_ids), ("shikimori", shikimori_ids)] {
        if !ids.is_empty() {
            let mut ids = ids.clone();
            ids.sort_unstable();
            let _ = write!(given, " {name}={ids:?}");
        }
    }
    if given.is_empty() && (*sort, *order) == Default::default() {
        return Cow::Borrowed(&UNFILTERED);
    }
    Cow::Owned(digest(*sort, *order, &given))
}

fn digest(sort: Sort, order: Order, given: &str) -> String {
    let canonical = format!("sort={sort:?} order={order:?}{given}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, canonical.as_bytes()).simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_documented_form() {
        let query = SearchQuery { text: " Клинок ".to_owned(), page: 1, limit: 20, fuzzy: false };

        assert_eq!(title(42), "title:42");
        assert_eq!(search(&query), "search:клинок:limit:20");
        assert_eq!(
            search(&SearchQuery { page: 2, fuzzy: true, ..query }),
            "search:клинок:limit:20:fuzzy:page:2"
        );
        assert_eq!(
            (updates(1, 20), popular(3, 5)),
            ("updates:limit:20".to_owned(), "popular:limit:5:page:3".to_owned())
        );
        assert_eq!(
            (schedule(&[]), schedule(&[0, 6])),
            ("schedule".to_owned(), "schedule:days:0,6".to_owned())
        );
    }

    #[test]
    fn digest_of_filters_never_changes() {
        // During an update, instances of two versions share a cache.
        assert_eq!(
            titles(&ListQuery::default()),
            "titles:page:1:limit:20:filters:97e4c479013b51bca48856250a592beb"
        );
    }

    #[test]
    fn key_is_independent_of_order_and_case_of_genres() {
        let one = ListQuery {
            genres: vec!["Сёнен".to_owned(), "Драма".to_owned()], ..ListQuery::default()
        };
        let two = ListQuery {
            genres: vec!["драма".to_owned(), "СЕНЕН".to_owned()], ..ListQuery::default()
        };

        assert_eq!(titles(&one), titles(&two));
        assert_ne!(titles(&one), titles(&ListQuery::default()));
    }

    #[test]
    fn key_depends_on_the_external_service_and_not_on_the_order_of_ids() {
        let mal = |ids: &[u64]| titles(&ListQuery { mal_ids: ids.into(), ..ListQuery::default() });
        let shikimori =
            |ids: &[u64]| titles(&ListQuery { shikimori_ids: ids.into(), ..ListQuery::default() });

        assert_eq!(mal(&[2, 1]), mal(&[1, 2]));
        assert_ne!(mal(&[1]), shikimori(&[1]));
        assert_ne!(mal(&[1, 2]), mal(&[12]));
    }

    #[test]
    fn key_depends_on_each_filter() {
        let changed = [
            ListQuery { search: Some("кот".to_owned()), ..ListQuery::default() },
            ListQuery { year: Some(2020), ..ListQuery::default() },
            ListQuery { season: Some(crate::titles::model::title::Season::Winter), ..ListQuery::default() },
            ListQuery {
                status: Some(crate::titles::model::title::TitleStatus::Ongoing),
                ..ListQuery::default()
            },
            ListQuery { mal_ids: vec![1], ..ListQuery::default() },
            ListQuery { sort: Sort::Year, ..ListQuery::default() },
            ListQuery { order: Order::Asc, ..ListQuery::default() },
        ];

        for query in changed {
            assert_ne!(titles(&query), titles(&ListQuery::default()), "{query:?}");
        }
    }
}
