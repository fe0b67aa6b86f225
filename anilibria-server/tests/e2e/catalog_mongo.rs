//! The catalog in MongoDB: restarts, several instances and outages.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use mongodb::{
    Client,
    bson::{Document, doc},
};
use reqwest::Method;
use serde_json::{Value, json};
use test_services::{MongoServer, RedisServer};

use crate::{
    support::{Service, binary, eventually},
    token::{SECRET, service_token},
};

const RELEASES: u64 = 60;

/// Starts a sandbox with the same releases each time.
fn upstream() -> Service {
    Service::start(binary(&["sandbox", "--port", "0", "--releases", &RELEASES.to_string()]))
}

/// Starts a service that reads from `upstream` and stores the catalog in MongoDB, with additional `variables`.
fn start_service(upstream: &Service, mongo: &MongoServer, variables: &[(&str, &str)]) -> Service {
    let uri = format!("{}site", mongo.uri());
    let own = [
        ("MONGODB_URI", &*uri),
        ("CATALOGUE_ENABLED", "true"),
        ("SYNC_INTERVAL_SECONDS", "1"),
        ("UPSTREAM_TIMEOUT", "1"),
        ("UPSTREAM_ATTEMPT_TIMEOUT", "1"),
        ("INTERNAL_JWT_SECRET", SECRET),
    ];
    Service::reading_from(upstream, &[&own, variables].concat())
}

/// Returns the statistics of the catalog from `/internal/stats`.
async fn stats(service: &Service) -> Value {
    let token = service_token("nodejs", &["read"]);
    service.send_as(&token, Method::GET, "/internal/stats", None).await.json()["data"]["catalogue"].clone()
}

async fn wait_until_loaded(service: &Service) {
    eventually("the catalog", async || (stats(service).await["releases"] == RELEASES).then_some(())).await;
}

async fn wait_until_poller(service: &Service) {
    eventually("a poller", async || (stats(service).await["is_poller"] == true).then_some(())).await;
}

async fn documents(mongo: &MongoServer, collection: &str) -> Vec<Document> {
    let client = Client::with_uri_str(mongo.uri()).await.unwrap();
    let found = client.database("site").collection(collection).find(doc! {}).await.unwrap();
    found.try_collect().await.unwrap()
}

/// Returns the revision of each title by id: the number of the save that wrote it.
async fn revisions(mongo: &MongoServer) -> BTreeMap<i64, i64> {
    let titles = documents(mongo, "titles").await;
    titles.iter().map(|title| (title.get_i64("id").unwrap(), title.get_i64("revision").unwrap())).collect()
}

/// Waits until all titles are in MongoDB, and returns their revisions.
async fn wait_until_saved(mongo: &MongoServer) -> BTreeMap<i64, i64> {
    eventually("all titles in MongoDB", async || {
        let status = documents(mongo, "sync_status").await;
        let is_complete = status.iter().any(|status| status.get_i64("saved").is_ok());
        let revisions = revisions(mongo).await;
        (is_complete && revisions.len() as u64 == RELEASES).then_some(revisions)
    })
    .await
}

/// Returns the id of an ongoing title.
async fn ongoing(service: &Service) -> u64 {
    let list = service.get("/titles?status=ongoing&limit=1").await.success();
    list["data"][0]["id"].as_u64().unwrap()
}

async fn publish_episode(upstream: &Service, id: u64) {
    let response = upstream.send(Method::POST, "/sandbox/episodes", Some(json!({"release_id": id}))).await;
    assert!(response.status.is_success(), "{}", response.text);
}

/// Returns the number of episodes of the title `id` in the lists of `service`.
async fn episodes(service: &Service, id: u64) -> u64 {
    let list = service.get("/titles?limit=100").await.success();
    let title = list["data"].as_array().unwrap().iter().find(|title| title["id"] == id).unwrap();
    title["episodes"]["current"].as_u64().unwrap()
}

async fn wait_for_episodes(service: &Service, id: u64, count: u64) {
    eventually("the new episode", async || (episodes(service, id).await == count).then_some(())).await;
}

/// Returns the number of requests of the catalog sync to `upstream`.
async fn sync_requests(upstream: &Service) -> usize {
    upstream.upstream_hits("/api/v1/anime/releases/latest").await
        + upstream.upstream_hits("/api/v1/anime/catalog/releases").await
}

#[tokio::test]
async fn restarted_service_reads_from_mongodb_without_upstream() {
    let Some(mongo) = MongoServer::start() else { return };
    let upstream = upstream();
    let first = start_service(&upstream, &mongo, &[]);
    wait_until_loaded(&first).await;
    wait_until_saved(&mongo).await;
    let before = first.get("/titles?limit=100&sort=id").await.success();
    first.kill();
    upstream.faults(json!({"drop": true})).await;

    let second = start_service(&upstream, &mongo, &[]);
    let after = second.get("/titles?limit=100&sort=id").await.success();

    assert_eq!(after["data"], before["data"]);
    assert_eq!(stats(&second).await["source"], "mongodb");
    assert_eq!(second.send(Method::GET, "/ready", None).await.status, 200);
}

#[tokio::test]
async fn titles_and_sync_status_have_the_documented_fields() {
    let Some(mongo) = MongoServer::start() else { return };
    let upstream = upstream();
    let service = start_service(&upstream, &mongo, &[]);
    wait_until_loaded(&service).await;
    wait_until_saved(&mongo).await;
    let shown = service.get("/titles?limit=1").await.success()["data"][0].clone();
    let id = shown["id"].as_i64().unwrap();
    let token = service_token("nodejs", &["read", "write"]);
    service
        .send_as(&token, Method::POST, "/internal/sync/title", Some(json!({"title_id": id, "force": true})))
        .await;

    let titles = documents(&mongo, "titles").await;
    let title = titles.iter().find(|title| title.get_i64("aniLibriaId").ok() == Some(id)).unwrap();
    let status = eventually("the title's status", async || {
        let status = documents(&mongo, "sync_status").await;
        (status.len() == 2).then_some(status)
    })
    .await;

    assert_eq!(title.get_i64("id").ok(), Some(id));
    assert_eq!(title.get_document("names").unwrap().get_str("ru").ok(), shown["names"]["ru"].as_str());
    assert_eq!(title.get_i64("year").ok(), shown["year"].as_i64());
    assert_eq!(title.get_str("status").ok(), shown["status"].as_str());
    assert!(title.get_array("genres").unwrap().iter().all(|genre| genre.as_str().is_some()));
    assert!(title.get_document("lastSynced").unwrap().get_datetime("anilibria").is_ok());
    let of = |kind: &str| {
        status.iter().find(|status| status.get_str("entity_type").ok() == Some(kind)).unwrap().clone()
    };
    let (catalog, title) = (of("catalogue"), of("title"));
    assert_eq!(catalog.get_str("service").unwrap(), "anilibria");
    assert_eq!(catalog.get_str("result").unwrap(), "ok");
    assert_eq!(catalog.get_i64("count").unwrap(), i64::try_from(RELEASES).unwrap());
    assert_eq!(title.get_str("entity_id").unwrap(), id.to_string());
    assert!(title.get_datetime("last_sync").is_ok());
}

#[tokio::test]
async fn only_changed_titles_are_written() {
    let Some(mongo) = MongoServer::start() else { return };
    let upstream = upstream();
    let service = start_service(&upstream, &mongo, &[]);
    wait_until_loaded(&service).await;
    let before = wait_until_saved(&mongo).await;
    let id = ongoing(&service).await;
    drop(service);

    let service = start_service(&upstream, &mongo, &[]);
    wait_until_loaded(&service).await;
    publish_episode(&upstream, id).await;
    let id = i64::try_from(id).unwrap();
    let after = eventually("the new episode in MongoDB", async || {
        let after = revisions(&mongo).await;
        (after[&id] != before[&id]).then_some(after)
    })
    .await;

    let written: Vec<_> = after.iter().filter(|(id, revision)| before[id] != **revision).collect();
    assert_eq!(written.len(), 1, "{written:?}");
}

#[tokio::test]
async fn one_instance_polls_and_another_takes_over_after_a_kill() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let (first_upstream, second_upstream) = (upstream(), upstream());
    let url = redis.url();
    let first = start_service(&first_upstream, &mongo, &[("REDIS_URL", &url)]);
    wait_until_poller(&first).await;
    wait_until_loaded(&first).await;
    wait_until_saved(&mongo).await;
    let id = ongoing(&first).await;
    let count = episodes(&first, id).await;

    let second = start_service(&second_upstream, &mongo, &[("REDIS_URL", &url)]);
    wait_until_loaded(&second).await;
    publish_episode(&first_upstream, id).await;
    wait_for_episodes(&second, id, count + 1).await;

    assert_eq!(stats(&second).await["is_poller"], false);
    assert_eq!(sync_requests(&second_upstream).await, 0, "the second instance polled the upstream");

    first.kill();
    wait_until_poller(&second).await;
    for _ in 0..2 {
        publish_episode(&second_upstream, id).await;
    }

    wait_for_episodes(&second, id, count + 2).await;
}

#[tokio::test]
async fn change_during_an_outage_of_mongodb_is_saved_later() {
    let Some(mut mongo) = MongoServer::start() else { return };
    let upstream = upstream();
    let service = start_service(&upstream, &mongo, &[]);
    wait_until_loaded(&service).await;
    let before = wait_until_saved(&mongo).await;
    let id = ongoing(&service).await;
    let count = episodes(&service, id).await;

    mongo.kill();
    publish_episode(&upstream, id).await;
    wait_for_episodes(&service, id, count + 1).await;
    mongo.restart();

    let id = i64::try_from(id).unwrap();
    eventually("the new episode in MongoDB", async || {
        (revisions(&mongo).await[&id] != before[&id]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn service_starts_from_disk_without_mongodb() {
    let Some(mut mongo) = MongoServer::start() else { return };
    let upstream = upstream();
    let directory = tempfile::tempdir().unwrap();
    let on_disk = [("CACHE_DIR", directory.path().to_str().unwrap())];
    let first = start_service(&upstream, &mongo, &on_disk);
    wait_until_loaded(&first).await;
    eventually("the file", async || directory.path().join("catalogue.bin").exists().then_some(())).await;
    first.kill();
    upstream.faults(json!({"drop": true})).await;
    mongo.kill();

    let second = start_service(&upstream, &mongo, &on_disk);

    assert_eq!(second.get("/titles").await.success()["pagination"]["total"], RELEASES);
    assert_eq!(stats(&second).await["source"], "disk");
}
