//! What is found when a title is renewed is told like what is found by watching, and only once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    node::stand_in::{NodeStandIn, Reply},
    socket::{Socket, publish_episode, watching},
    support::{Service, eventually},
    token::{SECRET, service_token},
};

const TITLE: u32 = 7;

/// A service that has the title in its cache, and a client that follows it.
async fn start(variables: &[(&str, &str)]) -> (Service, Socket) {
    let service = Service::sandbox(&[], &[&[("INTERNAL_JWT_SECRET", SECRET)], variables].concat());
    if !variables.is_empty() {
        watching(&service).await;
    }
    service.get(&format!("/titles/{TITLE}")).await.good();
    let mut socket = Socket::open(&service).await;
    socket.ask("subscribe_title", json!({"title_id": TITLE})).await;
    (service, socket)
}

async fn sync(service: &Service) {
    let token = service_token("nodejs", &["write"]);
    let body = json!({"title_id": TITLE, "force": true});
    let answer = service.send_as(&token, Method::POST, "/internal/sync/title", Some(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn next_episode(socket: &mut Socket) -> Value {
    socket.hear_of("new_episode").await["data"]["episode"].clone()
}

#[tokio::test]
async fn episode_that_is_found_by_renewing_a_title_is_told_at_once_and_once() {
    let (service, mut socket) = start(&[]).await;
    sync(&service).await;
    let episode = publish_episode(&service, TITLE).await;

    sync(&service).await;

    assert_eq!(next_episode(&mut socket).await.as_f64(), episode["ordinal"].as_f64());
    service.get(&format!("/titles/{TITLE}")).await.good();
    sync(&service).await;
    let pong = socket.ask("ping", json!({})).await;
    assert_eq!(pong["type"], "pong", "nothing came before it: {pong}");
}

#[tokio::test]
async fn episode_that_both_find_is_told_once() {
    let (service, mut socket) = start(&[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]).await;

    let mut expected = Vec::new();
    let mut heard = Vec::new();
    for _ in 0..3 {
        service.get(&format!("/titles/{TITLE}")).await.good();
        expected.push(publish_episode(&service, TITLE).await["ordinal"].as_f64());
        sync(&service).await;
        heard.push(next_episode(&mut socket).await.as_f64());
    }

    assert_eq!(heard, expected);
}

#[tokio::test]
async fn status_that_changes_back_and_forth_is_told_each_time_and_once_whoever_finds_it() {
    let (service, mut socket) = start(&[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]).await;
    let status = async || service.get(&format!("/titles/{TITLE}")).await.good()["data"]["status"].clone();
    let mut expected = vec![status().await];
    let mut is_ongoing = expected[0] == "ongoing";

    let mut heard = Vec::new();
    for _ in 0..4 {
        is_ongoing = !is_ongoing;
        let path = format!("/sandbox/releases/{TITLE}/status");
        service.send(Method::POST, &path, Some(json!({"is_ongoing": is_ongoing}))).await;
        sync(&service).await;
        heard.push(socket.hear_of("status_change").await["data"].clone());
        expected.push(status().await);
    }

    let told: Vec<_> = heard.iter().map(|data| [&data["old_status"], &data["new_status"]]).collect();
    let changes: Vec<_> = expected.windows(2).map(|pair| [&pair[0], &pair[1]]).collect();
    assert_eq!(told, changes);
    assert!(changes.iter().all(|[old, new]| old != new), "{changes:?}");
}

#[tokio::test]
async fn what_else_has_changed_is_told_to_the_node_service_once_and_to_no_client() {
    let node = NodeStandIn::start(Reply::text("{}")).await;
    let (service, mut socket) = start(&[
        ("EVENTS_ENABLED", "true"),
        ("CATALOGUE_ENABLED", "true"),
        ("SYNC_INTERVAL_SECONDS", "1"),
        ("NODEJS_SERVICE_URL", &node.origin),
    ])
    .await;
    let latest = async || service.get("/updates?limit=1").await.good()["data"][0]["names"]["ru"].clone();
    eventually("the catalog", async || {
        let health = service.get("/health").await.json();
        (health["checks"]["catalogue"]["status"] == "healthy").then_some(())
    })
    .await;

    // Found by both, by whoever renews the title first.
    for name in ["Раз", "Два", "Три"] {
        service.get(&format!("/titles/{TITLE}")).await.good();
        let path = format!("/sandbox/releases/{TITLE}/name");
        service.send(Method::POST, &path, Some(json!({"main": name}))).await;
        sync(&service).await;
        eventually("the name in lists", async || (latest().await == name).then_some(())).await;
    }
    // Found by the catalog alone.
    service.send(Method::POST, "/sandbox/releases/8/name", Some(json!({"main": "Четыре"}))).await;
    eventually("the other name in lists", async || (latest().await == "Четыре").then_some(())).await;
    publish_episode(&service, TITLE).await;

    assert_eq!(socket.hear().await["type"], "new_episode");
    let told = eventually("all of it", async || {
        let told: Vec<_> = node.calls().into_iter().filter(|call| call.path.ends_with("/notify")).collect();
        (told.len() >= 5).then_some(told)
    })
    .await;
    let told: Vec<_> = told.iter().map(|call| (&call.body["type"], &call.body["title_id"])).collect();
    let updated = json!("title_updated");
    assert_eq!(told.iter().filter(|(kind, id)| **kind == updated && **id == TITLE).count(), 3, "{told:?}");
    assert_eq!(told.iter().filter(|(kind, id)| **kind == updated && **id == 8).count(), 1, "{told:?}");
    assert_eq!(told.len(), 5, "{told:?}");
    let call = node.calls().into_iter().find(|call| call.body["type"] == updated).unwrap();
    let fields: Vec<_> = call.body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["type", "title_id", "timestamp"]);
    assert!(!call.header("idempotency-key").is_empty());
}

#[tokio::test]
async fn lists_follow_an_event_long_before_they_are_due() {
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
    let latest = async || service.get("/updates?limit=1").await.good()["data"][0]["id"].clone();
    assert_ne!(latest().await, TITLE);
    sync(&service).await;
    publish_episode(&service, TITLE).await;

    sync(&service).await;
    next_episode(&mut socket).await;

    eventually("the title in front", async || (latest().await == TITLE).then_some(())).await;
}
