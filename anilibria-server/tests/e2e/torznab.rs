//! The Torznab indexer of the running service.

use reqwest::Method;
use serde_json::json;

use crate::support::{Service, eventually};

const KEY: &str = "hunter2hunter2hunter2hunter2";

#[tokio::test]
async fn indexer_reads_the_franchises_and_logs_no_key() {
    let variables = [
        ("CATALOGUE_ENABLED", "true"),
        ("TORZNAB_API_KEY", KEY),
        ("LOG_LEVEL", "trace"),
        ("LOG_REQUESTS", "all"),
    ];
    let service = Service::sandbox(&["--releases", "30"], &variables);
    let path = format!("/torznab/api?t=search&limit=3&apikey={KEY}");

    let document = eventually("torrents", async || {
        let response = service.send(Method::GET, &path, None).await;
        (response.status == 200).then_some(response.text)
    })
    .await;
    eventually("franchises", async || {
        (service.upstream_hits("/api/v1/anime/franchises").await > 0).then_some(())
    })
    .await;

    assert_eq!(document.matches("<item>").count(), 3, "{document}");
    assert!(document.contains(&service.origin), "{document}");
    assert!(!document.contains(KEY), "{document}");
    let log = service.kill();
    assert!(log.contains("/torznab/api"), "{log}");
    assert!(!log.contains(KEY), "{log}");
}

#[tokio::test]
async fn new_torrent_is_found_after_the_catalog_sync() {
    let service =
        Service::sandbox(&["--releases", "30"], &[("CATALOGUE_ENABLED", "true"), ("EVENTS_ENABLED", "true")]);
    let search = async || {
        let response = service.send(Method::GET, "/torznab/api?t=search", None).await;
        (response.status == 200).then_some(response.text)
    };
    let before = eventually("torrents", search).await;

    let release = Some(json!({"release_id": 7}));
    service.send(Method::POST, "/sandbox/episodes", release.clone()).await;
    let torrent = service.send(Method::POST, "/sandbox/torrents", release).await.json();
    let hash = torrent["hash"].as_str().unwrap();

    assert!(!before.contains(hash));
    eventually("the new torrent", async || search().await.filter(|document| document.contains(hash))).await;
}
