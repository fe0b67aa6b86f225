//! The bytes of responses depend on the seed only.

use anilibria_sandbox::{Faults, Sandbox};
use serde_json::Value;

use crate::ask::{ask, call, get};

const PATHS: [&str; 13] = [
    "/anime/catalog/releases?limit=50",
    "/anime/releases/7",
    "/anime/releases/random?limit=5",
    "/anime/genres/random?limit=5",
    "/anime/franchises/random?limit=5",
    "/anime/schedule/week",
    "/anime/torrents",
    "/app/search/releases?query=%D0%B0",
    "/anime/torrents/rss",
    "/anime/torrents/10028/file",
    "/media/videos",
    "/media/promotions",
    "/teams/users",
];

async fn bytes(sandbox: &Sandbox) -> Vec<Vec<u8>> {
    let mut responses = Vec::new();
    for path in PATHS {
        responses.push(ask(sandbox, path).await.body.to_vec());
    }
    responses
}

#[tokio::test]
async fn same_seed_gives_the_same_bytes() {
    let one = Sandbox::builder().seed(7).build();
    let other = Sandbox::builder().seed(7).build();

    assert!(bytes(&one).await == bytes(&other).await);
}

#[tokio::test]
async fn different_seed_gives_different_bytes() {
    let one = bytes(&Sandbox::builder().seed(7).build()).await;
    let other = bytes(&Sandbox::builder().seed(8).build()).await;

    for ((one, other), path) in one.iter().zip(&other).zip(PATHS) {
        assert!(one != other, "{path}");
    }
}

#[tokio::test]
async fn names_and_pictures_of_a_release_do_not_depend_on_the_number_of_releases() {
    let small = get(&Sandbox::builder().releases(10).build(), "/anime/releases/7").await;
    let large = get(&Sandbox::builder().releases(2000).build(), "/anime/releases/7").await;

    for field in
        ["alias", "name", "type", "poster", "description", "mal", "members", "added_in_users_favorites"]
    {
        assert_eq!(small[field], large[field], "{field}");
    }
    assert_eq!(small["episodes"][0]["id"], large["episodes"][0]["id"]);
}

#[tokio::test]
async fn reset_restores_catalog_faults_log_and_random_choices() {
    let sandbox = Sandbox::builder().releases(40).build();
    let before = bytes(&sandbox).await;
    sandbox.publish_episode(7).unwrap();
    sandbox.add_release().unwrap();
    sandbox.set_faults(Faults::new().error_rate(1.0)).unwrap();

    let response = call(&sandbox, "POST", "/sandbox/reset", &Value::Null).await;

    assert_eq!((response.status.as_u16(), response.body.len()), (204, 0));
    assert_eq!(sandbox.request_count(), 0);
    assert!(bytes(&sandbox).await == before);
    assert_eq!(get(&sandbox, "/anime/catalog/releases").await["meta"]["pagination"]["total"], 40);
}
