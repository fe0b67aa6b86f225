//! `/anime/franchises`.

use anilibria_sandbox::Sandbox;
use serde_json::json;

use crate::ask::{ask, get, keys, list};

#[tokio::test]
async fn franchise_contains_releases_that_share_its_name() {
    let sandbox = Sandbox::new();
    let franchises = get(&sandbox, "/anime/franchises").await;
    let sizes: Vec<_> =
        list(&franchises).iter().map(|item| item["total_releases"].as_u64().unwrap()).collect();
    assert!((1..=4).all(|size| sizes.contains(&size)) && sizes.iter().all(|size| *size <= 4));

    let largest = list(&franchises).iter().find(|item| item["total_releases"] == 4).unwrap();
    let franchise = get(&sandbox, &format!("/anime/franchises/{}", largest["id"].as_str().unwrap())).await;

    let members = list(&franchise["franchise_releases"]);
    assert_eq!(members.len(), 4);
    assert_eq!(keys(&members[0]), ["franchise_id", "id", "release", "release_id", "sort_order"]);
    for (member, sort_order) in members.iter().zip(1..) {
        assert_eq!(member["sort_order"], sort_order);
        assert_eq!(member["release_id"], member["release"]["id"]);
        let name = member["release"]["name"]["main"].as_str().unwrap();
        assert!(name.starts_with(franchise["name"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn franchises_in_lists_have_no_releases() {
    let franchises = get(&Sandbox::new(), "/anime/franchises").await;

    assert_eq!(
        keys(&franchises[0]),
        [
            "first_year",
            "id",
            "image",
            "last_year",
            "name",
            "name_english",
            "rating",
            "total_duration",
            "total_duration_in_seconds",
            "total_episodes",
            "total_releases",
        ]
    );
}

#[tokio::test]
async fn franchises_of_a_release_are_found_by_id_only() {
    let sandbox = Sandbox::new();
    let member = &get(&sandbox, "/anime/franchises/release/2").await[0]["franchise_releases"][0];
    assert_eq!(member["release_id"], 2);
    let alias = member["release"]["alias"].as_str().unwrap();

    assert_eq!(ask(&sandbox, &format!("/anime/franchises/release/{alias}")).await.status.as_u16(), 404);
    assert_eq!(get(&sandbox, "/anime/franchises/release/100000").await, json!([]));
}

#[tokio::test]
async fn random_franchises_without_a_limit_are_all_franchises() {
    let sandbox = Sandbox::new();
    let everything = list(&get(&sandbox, "/anime/franchises").await).len();

    assert_eq!(list(&get(&sandbox, "/anime/franchises/random").await).len(), everything);
    assert_eq!(list(&get(&sandbox, "/anime/franchises/random?limit=4").await).len(), 4);
    assert_eq!(ask(&sandbox, "/anime/franchises/random?limit=x").await.status.as_u16(), 422);
}
