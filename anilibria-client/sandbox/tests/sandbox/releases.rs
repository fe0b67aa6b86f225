//! `/anime/releases`.

use anilibria_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::ask::{all, ask, get, ids, list};

#[tokio::test]
async fn latest_releases_have_the_order_of_the_catalog() {
    let sandbox = Sandbox::new();

    let latest = get(&sandbox, "/anime/releases/latest?limit=50").await;
    let catalog = get(&sandbox, "/anime/catalog/releases?limit=50&f[sorting]=FRESH_AT_DESC").await;

    assert_eq!(ids(&latest), ids(&catalog["data"]));
    assert!(list(&latest).is_sorted_by_key(|release| std::cmp::Reverse(release["fresh_at"].to_string())));
    assert_eq!(latest[0]["latest_episode"]["updated_at"], latest[0]["fresh_at"]);
}

#[tokio::test]
async fn latest_releases_ignore_page() {
    let sandbox = Sandbox::new();

    let first = get(&sandbox, "/anime/releases/latest?limit=3").await;
    let second = get(&sandbox, "/anime/releases/latest?limit=3&page=2").await;

    assert_eq!(first, second);
    assert_eq!(list(&get(&sandbox, "/anime/releases/latest").await).len(), 15);
}

#[tokio::test]
async fn release_is_found_by_id_and_by_alias() {
    let sandbox = Sandbox::new();

    let by_id = get(&sandbox, "/anime/releases/7").await;
    let by_alias = get(&sandbox, &format!("/anime/releases/{}", by_id["alias"].as_str().unwrap())).await;

    assert_eq!(by_id["id"], 7);
    assert_eq!(by_id, by_alias);
}

#[tokio::test]
async fn unknown_records_are_404() {
    let sandbox = Sandbox::new();
    for path in [
        "/anime/releases/301",
        "/anime/releases/0",
        "/anime/releases/no-such-alias",
        "/anime/releases/99999999999999999999",
        "/anime/releases/301/members",
        "/anime/releases/episodes/9b5e26ee-598f-4b8b-b77e-188d3e456318",
        "/anime/releases/episodes/7",
        "/anime/genres/14",
        "/anime/genres/comedy",
        "/anime/genres/14/releases",
        "/anime/franchises/9b5e26ee-598f-4b8b-b77e-188d3e456318",
        "/anime/torrents/9999",
        "/anime/torrents/8a8fb94b1bd22b44a116336bab6bf209d0ac3a90",
        "/anime/torrents/release/301",
    ] {
        let response = ask(&sandbox, path).await;

        assert_eq!(response.status.as_u16(), 404, "{path}");
        assert!(response.json()["message"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn list_accepts_ids_and_aliases_in_any_notation_and_skips_unknown_ones() {
    let sandbox = Sandbox::new();
    let alias = get(&sandbox, "/anime/releases/9?include=alias").await;
    let alias = alias["alias"].as_str().unwrap();
    for query in [
        format!("ids=7,5&aliases={alias}"),
        format!("ids=7&ids=5&aliases[]={alias}"),
        format!("ids[]=7&ids%5B%5D=5&ids[]=301&aliases={alias},unknown"),
        format!("ids=7,5,7&ids=9&aliases={alias}"),
    ] {
        let response = get(&sandbox, &format!("/anime/releases/list?{query}")).await;

        assert_eq!(ids(&response["data"]), [7, 5, 9], "{query}");
        assert_eq!(response["meta"]["pagination"]["total"], 3, "{query}");
    }
    assert!(list(&get(&sandbox, "/anime/releases/list").await["data"]).is_empty());
}

#[tokio::test]
async fn random_releases_are_distinct_and_differ_per_call() {
    let sandbox = Sandbox::new();

    let first = ids(&get(&sandbox, "/anime/releases/random?limit=50").await);
    let second = ids(&get(&sandbox, "/anime/releases/random?limit=50").await);

    let distinct: std::collections::HashSet<_> = first.iter().collect();
    assert_eq!(distinct.len(), 50);
    assert_ne!(first, second);
}

#[tokio::test]
async fn at_most_fourteen_releases_are_recommended_and_share_genres() {
    let sandbox = Sandbox::new();
    let genres = |release: &Value| ids(&release["genres"]);
    let wanted = genres(&get(&sandbox, "/anime/releases/7").await);

    let recommended = get(&sandbox, "/anime/releases/recommended?release_id=7&limit=50").await;

    assert_eq!(list(&recommended).len(), 14);
    assert!(!ids(&recommended).contains(&7));
    let first = get(&sandbox, &format!("/anime/releases/{}", recommended[0]["id"])).await;
    assert!(genres(&first).iter().any(|genre| wanted.contains(genre)));
    assert_eq!(list(&get(&sandbox, "/anime/releases/recommended?limit=3").await).len(), 3);
}

#[tokio::test]
async fn stream_urls_are_absolute_and_have_the_requested_host() {
    let release = get(&Sandbox::new(), "/anime/releases/7").await;

    let stream = release["episodes"][0]["hls_480"].as_str().unwrap();
    let start = "http://stand-in.test/videos/media/ts/7/1/480/";
    let rest = stream.strip_prefix(start).unwrap();
    let (hash, query) = rest.split_once(".m3u8?").unwrap();
    assert!(hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(query, "countryIso=RU&isAuthorized=0&isWithVideoAds=1&isWithVideoAdsAlways=1");
}

#[tokio::test]
async fn about_an_eighth_of_the_catalog_is_in_production() {
    let sandbox = Sandbox::builder().releases(2000).build();

    let releases =
        all(&sandbox, "/anime/catalog/releases?limit=50&f[production_statuses]=IS_IN_PRODUCTION").await;

    assert!((160..=320).contains(&releases.len()), "{}", releases.len());
    assert!(releases.iter().any(|release| release["is_ongoing"] == json!(false)));
    assert!(releases.iter().any(|release| release["fresh_at"].is_null()));
    let days: std::collections::BTreeSet<_> =
        releases.iter().map(|release| release["publish_day"]["value"].as_u64().unwrap()).collect();
    assert_eq!(days.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn catalog_with_one_release_has_it_on_air() {
    let sandbox = Sandbox::builder().releases(1).build();

    let week = get(&sandbox, "/anime/schedule/week").await;

    assert_eq!(list(&week).len(), 1);
    assert_eq!(week[0]["release"]["is_ongoing"], true);
}
