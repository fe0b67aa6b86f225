//! What is found when a title is renewed is told like what is found by watching, and only once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
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
async fn lists_follow_an_event_long_before_they_are_due() {
    let (service, mut socket) = start(&[
        ("EVENTS_ENABLED", "true"),
        ("CATALOGUE_ENABLED", "true"),
        ("SYNC_INTERVAL_SECONDS", "1000"),
    ])
    .await;
    eventually("the catalogue", async || {
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
