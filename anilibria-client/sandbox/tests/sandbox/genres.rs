//! `/anime/genres`.

use anilibria_sandbox::Sandbox;
use serde_json::Value;

use crate::ask::{all, ask, get, ids, keys, list};

#[tokio::test]
async fn genres_contain_their_number_of_releases() {
    let sandbox = Sandbox::new();
    let genres = get(&sandbox, "/anime/genres").await;
    assert_eq!(list(&genres).len(), 35);
    assert_eq!(keys(&genres[0]), ["id", "image", "name", "total_releases"]);
    for genre in list(&genres).iter().take(5) {
        let path = format!("/anime/genres/{}/releases?limit=30", genre["id"]);

        assert_eq!(all(&sandbox, &path).await.len() as u64, genre["total_releases"].as_u64().unwrap());
        assert_eq!(get(&sandbox, &format!("/anime/genres/{}", genre["id"])).await, *genre);
    }
}

#[tokio::test]
async fn page_of_a_genre_has_at_most_thirty_releases() {
    let sandbox = Sandbox::new();

    assert_eq!(ask(&sandbox, "/anime/genres/21/releases?limit=30").await.status.as_u16(), 200);
    let refused = ask(&sandbox, "/anime/genres/21/releases?limit=31").await;

    assert_eq!(refused.status.as_u16(), 422);
    assert_eq!(refused.json()["message"], "The limit field must not be greater than 30.");
}

#[tokio::test]
async fn random_genres_with_an_invalid_limit_are_all_genres() {
    let sandbox = Sandbox::new();
    let count = async |query: &str| list(&get(&sandbox, &format!("/anime/genres/random{query}")).await).len();

    assert_eq!(count("?limit=8").await, 8);
    for query in ["", "?limit=0", "?limit=-1", "?limit=36", "?limit=1000"] {
        assert_eq!(count(query).await, 35, "{query}");
    }
}

#[tokio::test]
async fn genres_of_releases_are_complete_and_sorted() {
    let release: Value = get(&Sandbox::new(), "/anime/releases/7").await;

    assert!(ids(&release["genres"]).is_sorted());
    assert_eq!(keys(&release["genres"][0]), ["id", "image", "name", "total_releases"]);
}
