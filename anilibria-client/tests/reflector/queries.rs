//! Filters, orders and parts of the list, each against a plain count over all entries.

use anilibria_client::{
    model::{ReleaseKind, ReleaseStatus, Season},
    reflector::{CatalogEntry, Order, Query, Sort},
};

use crate::fixture::{Fixture, ids};

#[tokio::test]
async fn filters_find_exactly_what_they_name() {
    type Case = (fn(Query<'_>) -> Query<'_>, fn(&CatalogEntry) -> bool);
    let (_ground, catalog) = Fixture::loaded(300).await;
    let cases: [Case; 6] = [
        (|query| query.years([2020, 2024]), |entry| matches!(entry.year, Some(2020 | 2024))),
        (|query| query.kinds([ReleaseKind::Movie]), |entry| entry.kind == Some(ReleaseKind::Movie)),
        (|query| query.seasons([Season::Winter]), |entry| entry.season == Some(Season::Winter)),
        (|query| query.statuses([ReleaseStatus::Ongoing]), |entry| entry.status() == ReleaseStatus::Ongoing),
        (|query| query.blocked(true), CatalogEntry::is_blocked),
        (|query| query.blocked(false).years([2020]), |entry| !entry.is_blocked() && entry.year == Some(2020)),
    ];

    for (number, (query, expected)) in cases.into_iter().enumerate() {
        let found = query(catalog.query()).find();

        let expected = catalog.iter().filter(|entry| expected(entry)).count();
        assert_eq!((found.items.len(), found.total), (expected, expected), "case {number}");
        assert!(expected > 0, "case {number} says nothing");
    }
}

#[tokio::test]
async fn releases_are_found_by_the_ids_of_other_sites() {
    let (fixture, catalog) = Fixture::loaded(300).await;
    let release = fixture.client.releases().get(7).await.unwrap();
    let (shikimori, mal) = (release.shikimori.unwrap().id.unwrap(), release.mal.unwrap().id.unwrap());

    let by_shikimori = catalog.query().shikimori_ids([0, shikimori]).find();
    let by_mal = catalog.query().mal_ids([mal]).find();

    assert!(ids(by_shikimori.items).contains(&7));
    assert!(ids(by_mal.items).contains(&7));
    assert_eq!(catalog.query().mal_ids([0]).find().total, 0);
}

#[tokio::test]
async fn genres_must_all_be_there_by_name_or_id_in_any_case() {
    let (_ground, catalog) = Fixture::loaded(300).await;
    let entry = catalog.iter().find(|entry| entry.genres.len() >= 2).unwrap();
    let names: Vec<_> = catalog.genres_of(entry).take(2).map(str::to_uppercase).collect();
    let both = [entry.genres[0], entry.genres[1]];

    let by_name = catalog.query().genres(&names).find();
    let by_id = catalog.query().genre_ids(both).find();

    let expected = catalog.iter().filter(|entry| both.iter().all(|id| entry.genres.contains(id))).count();
    assert_eq!(by_name, by_id);
    assert_eq!(by_name.total, expected);
    assert_eq!(catalog.query().genres(["нет такого жанра"]).find().total, 0);
}

#[tokio::test]
async fn every_order_is_sorted_both_ways_with_ties_by_descending_id() {
    type Key = fn(&CatalogEntry) -> i64;
    let (_ground, catalog) = Fixture::loaded(300).await;
    let keys: [(Sort, Key); 5] = [
        (Sort::Id, |entry| entry.id.get().into()),
        (Sort::Year, |entry| entry.year.map_or(-1, i64::from)),
        (Sort::Rating, |entry| {
            entry.rating.map_or(-1, |rating| format!("{:.0}", rating * 1e6).parse().unwrap())
        }),
        (Sort::Updated, |entry| entry.updated_at().unwrap().unix_timestamp()),
        (Sort::Favorites, |entry| entry.favorites.into()),
    ];

    for (sort, key) in keys {
        for order in [Order::Ascending, Order::Descending] {
            let sign = if order == Order::Ascending { 1 } else { -1 };
            let found = catalog.query().sort(sort).order(order).find();

            assert_eq!(found.items.len(), 300);
            let rank = |entry: &&CatalogEntry| (sign * key(entry), std::cmp::Reverse(entry.id));
            assert!(found.items.is_sorted_by_key(rank), "{sort:?} {order:?}");
        }
    }
}

#[tokio::test]
async fn parts_of_a_list_join_to_the_whole() {
    let (_ground, catalog) = Fixture::loaded(60).await;
    let part = |offset| catalog.query().sort(Sort::Year).offset(offset).limit(25).find();

    let parts: Vec<_> = [0, 25, 50, 75].into_iter().flat_map(|offset| ids(part(offset).items)).collect();

    assert_eq!(parts, ids(catalog.query().sort(Sort::Year).find().items));
    assert!([0, 25, 75].iter().all(|offset| part(*offset).total == 60));
}
