//! `/anime/catalog/releases`: filters and orders.

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::ask::{all, call, column, get, ids};

/// Asserts that `filter` selects exactly the releases that `test` accepts, and neither all nor none.
async fn assert_filter(filter: &str, test: impl Fn(&Value) -> bool) {
    let sandbox = Sandbox::new();
    let everything = all(&sandbox, "/anime/catalog/releases?limit=50").await;

    let found = all(&sandbox, &format!("/anime/catalog/releases?limit=50&{filter}")).await;

    let expected: Vec<_> = everything.iter().filter(|release| test(release)).cloned().collect();
    assert!((1..everything.len()).contains(&expected.len()), "{filter}");
    assert_eq!(column(&found, "/id"), column(&expected, "/id"), "{filter}");
}

fn has_genre(release: &Value, id: u64) -> bool {
    ids(&release["genres"]).contains(&id)
}

#[tokio::test]
async fn genre_filter_requires_all_genres() {
    assert_filter("f[genres]=21,25", |release| has_genre(release, 21) && has_genre(release, 25)).await;
    assert_filter("f[genres][]=21&f[genres][]=25", |release| {
        has_genre(release, 21) && has_genre(release, 25)
    })
    .await;
}

#[tokio::test]
async fn other_list_filters_require_any_value() {
    assert_filter("f%5Btypes%5D=MOVIE,OVA", |release| {
        release["type"]["value"] == "MOVIE" || release["type"]["value"] == "OVA"
    })
    .await;
    assert_filter("f[seasons]=winter&f[seasons]=autumn", |release| {
        release["season"]["value"] == "winter" || release["season"]["value"] == "autumn"
    })
    .await;
    assert_filter("f[age_ratings]=R18_PLUS", |release| release["age_rating"]["is_adult"] == true).await;
}

#[tokio::test]
async fn status_and_year_filters_apply() {
    assert_filter("f[publish_statuses]=IS_ONGOING", |release| release["is_ongoing"] == true).await;
    assert_filter("f[production_statuses]=IS_NOT_IN_PRODUCTION", |release| {
        release["is_in_production"] == false
    })
    .await;
    assert_filter("f[years][from_year]=2016&f[years][to_year]=2018", |release| {
        (2016..=2018).contains(&release["year"].as_u64().unwrap())
    })
    .await;
    assert_filter("f[years][from_year]=2026&f[types]=TV", |release| {
        release["year"] == 2026 && release["type"]["value"] == "TV"
    })
    .await;
}

#[tokio::test]
async fn catalog_search_filters_and_paginates() {
    assert_filter("f[search]=%D0%B7%D0%B2%D1%91%D0%B7%D0%B4", |release| {
        release["name"]["main"].as_str().unwrap().to_lowercase().replace('ё', "е").contains("звезд")
    })
    .await;
}

#[tokio::test]
async fn unknown_genre_matches_no_release() {
    let response = get(&Sandbox::new(), "/anime/catalog/releases?f[genres]=14,21").await;

    assert_eq!(response["data"], json!([]));
    assert_eq!(response["meta"]["pagination"]["total_pages"], 1);
}

#[tokio::test]
async fn each_order_sorts_by_its_field_then_by_id() {
    let sandbox = Sandbox::new();
    let fields = [("FRESH_AT", "/fresh_at"), ("RATING", "/added_in_users_favorites"), ("YEAR", "/year")];
    for (name, pointer) in fields {
        for direction in ["DESC", "ASC"] {
            let path = format!("/anime/catalog/releases?limit=50&f[sorting]={name}_{direction}");
            let releases = all(&sandbox, &path).await;

            let key = |release: &Value| match release.pointer(pointer).unwrap() {
                Value::Number(number) => format!("{:>10}", number.to_string()),
                Value::String(text) => text.clone(),
                _ => String::new(),
            };
            let in_order = releases.is_sorted_by(|one, other| {
                let order = key(one).cmp(&key(other));
                let order = if direction == "DESC" { order.reverse() } else { order };
                order.then(other["id"].as_u64().cmp(&one["id"].as_u64())).is_le()
            });
            assert!(in_order, "{path}");
            assert_eq!(releases.len(), 300);
        }
    }
}

#[tokio::test]
async fn post_and_get_have_the_same_result() {
    let sandbox = Sandbox::new();
    let asked = get(
        &sandbox,
        "/anime/catalog/releases?limit=5&page=2&include=id,genres.name&f[genres]=21&f[types]=TV,MOVIE\
         &f[years][from_year]=2012&f[sorting]=YEAR_ASC&f[publish_statuses]=IS_NOT_ONGOING",
    )
    .await;
    let body = json!({
        "limit": 5,
        "page": 2,
        "include": "id,genres.name",
        "exclude": null,
        "f": {
            "genres": [21],
            "types": ["TV", "MOVIE"],
            "years": {"from_year": 2012, "to_year": null},
            "sorting": "YEAR_ASC",
            "search": null,
            "publish_statuses": ["IS_NOT_ONGOING"],
            "seasons": [],
        },
    });

    let posted = call(&sandbox, "POST", "/api/v1/anime/catalog/releases", &body).await;

    assert_eq!(posted.status.as_u16(), 200);
    assert_eq!(posted.json()["data"], asked["data"]);
    assert_eq!(posted.json()["meta"]["pagination"]["total"], asked["meta"]["pagination"]["total"]);
}

#[tokio::test]
async fn post_without_a_body_returns_the_first_page() {
    let sandbox = Sandbox::new();

    let posted = call(&sandbox, "POST", "/api/v1/anime/catalog/releases", &Value::Null).await;

    assert_eq!(posted.json()["data"], get(&sandbox, "/anime/catalog/releases").await["data"]);
}
