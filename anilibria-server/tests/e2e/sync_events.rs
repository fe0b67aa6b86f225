//! Events of a title sync: published like those of the watcher, without duplicates.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    node::stub::{NodeStub, Reply},
    socket::{Socket, publish_episode, wait_for_watcher},
    support::{Service, eventually},
    token::{SECRET, service_token},
};

const TITLE: u32 = 7;

/// Starts a service with the title in its cache, and a client that follows the title.
async fn start(variables: &[(&str, &str)]) -> (Service, Socket) {
    let service = Service::sandbox(&[], &[&[("INTERNAL_JWT_SECRET", SECRET)], variables].concat());
    if !variables.is_empty() {
        wait_for_watcher(&service).await;
    }
    service.get(&format!("/titles/{TITLE}")).await.success();
    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_title", json!({"title_id": TITLE})).await;
    (service, socket)
}

async fn sync(service: &Service) {
    let token = service_token("nodejs", &["write"]);
    let body = json!({"title_id": TITLE, "force": true});
    let response = service.send_as(&token, Method::POST, "/internal/sync/title", Some(body)).await;
    assert_eq!(response.status, 200, "{}", response.text);
}

async fn next_episode(socket: &mut Socket) -> Value {
    socket.wait_for("new_episode").await["data"]["episode"].clone()
}

#[tokio::test]
async fn episode_found_by_a_sync_is_published_once() {
    let (service, mut socket) = start(&[]).await;
    sync(&service).await;
    let episode = publish_episode(&service, TITLE).await;

    sync(&service).await;

    assert_eq!(next_episode(&mut socket).await.as_f64(), episode["ordinal"].as_f64());
    service.get(&format!("/titles/{TITLE}")).await.success();
    sync(&service).await;
    let pong = socket.request("ping", json!({})).await;
    assert_eq!(pong["type"], "pong", "another message came first: {pong}");
}

#[tokio::test]
async fn episode_found_by_sync_and_watcher_is_published_once() {
    let (service, mut socket) = start(&[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]).await;

    let mut expected = Vec::new();
    let mut received = Vec::new();
    for _ in 0..3 {
        service.get(&format!("/titles/{TITLE}")).await.success();
        expected.push(publish_episode(&service, TITLE).await["ordinal"].as_f64());
        sync(&service).await;
        received.push(next_episode(&mut socket).await.as_f64());
    }

    assert_eq!(received, expected);
}

#[tokio::test]
async fn each_status_change_is_published_once() {
    let (service, mut socket) = start(&[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]).await;
    let status = async || service.get(&format!("/titles/{TITLE}")).await.success()["data"]["status"].clone();
    let mut expected = vec![status().await];
    let mut is_ongoing = expected[0] == "ongoing";

    let mut received = Vec::new();
    for _ in 0..4 {
        is_ongoing = !is_ongoing;
        let path = format!("/sandbox/releases/{TITLE}/status");
        service.send(Method::POST, &path, Some(json!({"is_ongoing": is_ongoing}))).await;
        sync(&service).await;
        received.push(socket.wait_for("status_change").await["data"].clone());
        expected.push(status().await);
    }

    let published: Vec<_> = received.iter().map(|data| [&data["old_status"], &data["new_status"]]).collect();
    let changes: Vec<_> = expected.windows(2).map(|pair| [&pair[0], &pair[1]]).collect();
    assert_eq!(published, changes);
    assert!(changes.iter().all(|[old, new]| old != new), "{changes:?}");
}

#[tokio::test]
async fn other_changes_are_sent_to_the_node_service_only() {
    let node = NodeStub::start(Reply::text("{}")).await;
    let (service, mut socket) = start(&[
        ("EVENTS_ENABLED", "true"),
        ("CATALOGUE_ENABLED", "true"),
        ("SYNC_INTERVAL_SECONDS", "1"),
        ("NODEJS_SERVICE_URL", &node.origin),
    ])
    .await;
    let latest = async || service.get("/updates?limit=1").await.success()["data"][0]["names"]["ru"].clone();
    eventually("the catalog", async || {
        let health = service.get("/health").await.json();
        (health["checks"]["catalogue"]["status"] == "healthy").then_some(())
    })
    .await;

    // Found by the sync or by the catalog, depending on which is first.
    for name in ["Раз", "Два", "Три"] {
        service.get(&format!("/titles/{TITLE}")).await.success();
        let path = format!("/sandbox/releases/{TITLE}/name");
        service.send(Method::POST, &path, Some(json!({"main": name}))).await;
        sync(&service).await;
        eventually("the name in lists", async || (latest().await == name).then_some(())).await;
    }
    // Found only by the catalog.
    service.send(Method::POST, "/sandbox/releases/8/name", Some(json!({"main": "Четыре"}))).await;
    eventually("the other name in lists", async || (latest().await == "Четыре").then_some(())).await;
    publish_episode(&service, TITLE).await;

    assert_eq!(socket.receive().await["type"], "new_episode");
    let sent = eventually("all notifications", async || {
        let sent: Vec<_> = node.calls().into_iter().filter(|call| call.path.ends_with("/notify")).collect();
        (sent.len() >= 5).then_some(sent)
    })
    .await;
    let sent: Vec<_> = sent.iter().map(|call| (&call.body["type"], &call.body["title_id"])).collect();
    let updated = json!("title_updated");
    assert_eq!(sent.iter().filter(|(kind, id)| **kind == updated && **id == TITLE).count(), 3, "{sent:?}");
    assert_eq!(sent.iter().filter(|(kind, id)| **kind == updated && **id == 8).count(), 1, "{sent:?}");
    assert_eq!(sent.len(), 5, "{sent:?}");
    let call = node.calls().into_iter().find(|call| call.body["type"] == updated).unwrap();
    let fields: Vec<_> = call.body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["type", "title_id", "timestamp"]);
    assert!(!call.header("idempotency-key").is_empty());
}

#[tokio::test]
async fn event_triggers_a_catalog_sync() {
    let (service, mut socket) = start(&[
        ("EVENTS_ENABLED", "true"),
        ("CATALOGUE_ENABLED", "true"),
        ("SYNC_INTERVAL_SECONDS", "1000"),
    ])
    .await;
    eventually("the catalog", async || {
        let health = service.get("/health").await.json();
        (health["checks"]["catalogue"]["status"] == "healthy").then_some(())
    })
    .await;
    let latest = async || service.get("/updates?limit=1").await.success()["data"][0]["id"].clone();
    assert_ne!(latest().await, TITLE);
    sync(&service).await;
    publish_episode(&service, TITLE).await;

    sync(&service).await;
    next_episode(&mut socket).await;

    eventually("the title at the top of the updates", async || (latest().await == TITLE).then_some(())).await;
}
