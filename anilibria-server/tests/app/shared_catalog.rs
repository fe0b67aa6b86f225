//! The catalog in Redis that all instances share.

use std::sync::Arc;

use anilibria_cache::Redis;
use anilibria_client::{model::Release, reflector::Catalog};
use anilibria_server::titles::catalog::{CatalogStore as _, RedisCatalog, SharedCatalog as _};
use serde_json::json;
use test_services::RedisServer;
use tokio::sync::watch;

const KEY: &str = "site:#map:catalogue";

/// Returns a catalog of `releases` releases with descriptions that do not compress well.
fn catalog(releases: u32, version: u32) -> Arc<Catalog> {
    let release = |id: u32| -> Release {
        let noise: Vec<_> = (0..100_u64).map(|n| (n + 1) * u64::from(id + version) * 0x9E37_79B9).collect();
        let name = json!({"main": format!("Имя {id} {version}")});
        serde_json::from_value(json!({"id": id, "name": name, "description": format!("{noise:?}")})).unwrap()
    };
    Arc::new((1..=releases).map(release).collect())
}

/// Returns the store of the leader with the fencing token `token`, or of a follower.
fn store(server: &RedisServer, token: Option<u64>) -> RedisCatalog {
    let redis = Redis::builder(server.url()).prefix("site:").build().unwrap();
    // The receiver keeps its value without the sender.
    RedisCatalog::new(&redis, watch::channel(token).1)
}

async fn bytes(store: &RedisCatalog) -> Option<Vec<u8>> {
    store.read().await.unwrap().map(|catalog| catalog.to_bytes())
}

#[tokio::test]
async fn follower_reads_the_catalog_of_the_leader() {
    let Some(server) = RedisServer::start() else { return };
    // The larger catalog needs several commands.
    for releases in [1, 3000] {
        let written = catalog(releases, 1);
        store(&server, Some(1)).write(Arc::clone(&written)).await.unwrap();

        assert!(bytes(&store(&server, None)).await == Some(written.to_bytes()), "{releases} releases differ");
    }
}

#[tokio::test]
async fn former_leader_does_not_replace_newer_releases() {
    let Some(server) = RedisServer::start() else { return };
    let (former, leader) = (store(&server, Some(1)), store(&server, Some(2)));
    former.write(catalog(100, 1)).await.unwrap();
    leader.write(catalog(100, 2)).await.unwrap();

    assert!(former.write(catalog(100, 3)).await.is_err());
    store(&server, None).write(catalog(100, 4)).await.unwrap();

    assert!(bytes(&store(&server, None)).await == Some(catalog(100, 2).to_bytes()));
    assert!(leader.is_intact().await);
}

#[tokio::test]
async fn lost_catalog_is_written_again() {
    let Some(server) = RedisServer::start() else { return };
    let leader = store(&server, Some(1));
    assert!(!leader.is_intact().await, "nothing was written yet");
    leader.write(catalog(100, 1)).await.unwrap();
    leader.record_poll(Ok(100)).await;
    assert!(leader.is_intact().await);

    server.flush();
    leader.record_poll(Ok(100)).await;

    assert!(!leader.is_intact().await);
    assert_eq!(bytes(&store(&server, None)).await, None);
    leader.write(catalog(100, 1)).await.unwrap();
    assert!(bytes(&store(&server, None)).await == Some(catalog(100, 1).to_bytes()));
}

#[tokio::test]
async fn unknown_and_damaged_contents_are_replaced() {
    let Some(server) = RedisServer::start() else { return };
    let leader = store(&server, Some(1));
    for manifest in ["", "[]", r#"{"form":99,"digests":[]}"#, r#"{"form":1,"digests":[7]}"#] {
        server.cli(&["HSET", KEY, "manifest", manifest, "other", "x"]);
        assert_eq!(bytes(&store(&server, None)).await, None, "{manifest}");

        leader.write(catalog(100, 1)).await.unwrap();

        assert!(bytes(&store(&server, None)).await == Some(catalog(100, 1).to_bytes()), "{manifest}");
        assert_eq!(server.cli(&["HEXISTS", KEY, "other"]).trim(), "0", "{manifest}");
    }

    server.cli(&["HSET", KEY, "block:7", "x"]);
    assert!(store(&server, None).read().await.is_err());
}
