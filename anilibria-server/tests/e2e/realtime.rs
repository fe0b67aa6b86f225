//! Events over WebSocket.

use reqwest::Method;
use serde_json::json;

use crate::{
    socket::{Socket, publish_episode, wait_for_watcher},
    support::Service,
    token::{SECRET, service_token},
};

/// Starts the service with its sandbox and waits for its watcher.
pub(crate) async fn watching_service(variables: &[(&str, &str)]) -> Service {
    let variables = [variables, &[("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")]].concat();
    let service = Service::sandbox(&[], &variables);
    wait_for_watcher(&service).await;
    service
}

#[tokio::test]
async fn new_episode_is_sent_to_followers_at_every_path() {
    let service = watching_service(&[]).await;
    let mut sockets = Vec::new();
    for path in ["/api/anilibria/v2/ws", "/ws", "/api/anilibria/ws", "/api/anilibria/ws/any/thing"] {
        let mut socket = Socket::open_at(&service, path).await;
        let followed = socket.request("subscribe_title", json!({"title_id": 7})).await;
        assert_eq!(followed, json!({"type": "subscribed", "data": {"title_id": 7}}));
        sockets.push(socket);
    }
    let title = service.get("/titles/7").await.success()["data"].clone();

    let episode = publish_episode(&service, 7).await;

    for socket in &mut sockets {
        let frame = socket.wait_for("new_episode").await;
        let data = &frame["data"];
        assert_eq!(data["title_id"], 7);
        assert_eq!(data["episode"].as_f64(), episode["ordinal"].as_f64());
        assert_eq!(data["title"], title["names"]["ru"]);
        assert_eq!(data["episode_name"].as_str().unwrap(), episode["name"].as_str().unwrap_or_default());
        assert_eq!(data["poster"], title["poster"]["large"]);
        assert!(data["timestamp"].as_str().unwrap().ends_with('Z'), "{data}");
        assert_eq!(data["event_id"].as_str().unwrap().len(), 18, "{data}");
        assert_eq!(data.as_object().unwrap().len(), 7, "{data}");
    }
}

#[tokio::test]
async fn title_contains_the_episode_when_its_event_arrives() {
    let service = watching_service(&[]).await;
    let before = service.get("/titles/7").await.success()["data"]["episodes"]["current"].as_u64().unwrap();
    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_title", json!({"title_id": 7})).await;

    publish_episode(&service, 7).await;
    socket.wait_for("new_episode").await;

    let after = service.get("/titles/7").await.success()["data"]["episodes"]["current"].as_u64().unwrap();
    assert_eq!(after, before + 1);
}

#[tokio::test]
async fn clients_receive_only_subscribed_kinds() {
    let service = watching_service(&[]).await;
    let mut titles = Socket::open(&service).await;
    let mut changes = Socket::open(&service).await;
    titles.request("subscribe_updates", json!({"types": ["new_episode"]})).await;
    let selected = titles.request("subscribe_updates", json!({"types": ["new_title", "new_title"]})).await;
    assert_eq!(selected, json!({"type": "subscribed", "data": {"types": ["new_title"]}}));
    changes.request("subscribe_updates", json!({"types": ["status_change"]})).await;
    let old = service.get("/titles/7").await.success()["data"]["status"].clone();
    let is_ongoing = old != "ongoing";

    let change = json!({"is_ongoing": is_ongoing});
    service.send(Method::POST, "/sandbox/releases/7/status", Some(change)).await;
    let release = service.send(Method::POST, "/sandbox/releases", Some(json!({}))).await.json();

    let event = changes.receive().await;
    assert_eq!((&event["type"], &event["data"]["title_id"]), (&"status_change".into(), &7.into()));
    assert_eq!(event["data"]["old_status"], old);
    assert_eq!(event["data"]["new_status"] == "ongoing", is_ongoing, "{event}");
    let event = titles.receive().await;
    assert_eq!((&event["type"], &event["data"]["title_id"]), (&"new_title".into(), &release["id"]));
    assert!(event["data"]["genres"].is_array() && event["data"]["title"].is_string(), "{event}");
}

#[tokio::test]
async fn reconnected_client_receives_missed_events() {
    let service = watching_service(&[]).await;
    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_title", json!({"title_id": 7})).await;
    publish_episode(&service, 7).await;
    let first = socket.wait_for("new_episode").await["data"]["event_id"].clone();
    drop(socket);
    let mut other = Socket::open(&service).await;
    other.request("subscribe_updates", json!({"types": ["new_episode"]})).await;
    for title in [8, 7] {
        publish_episode(&service, title).await;
        other.wait_for("new_episode").await;
    }

    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_title", json!({"title_id": 7})).await;
    let missed = socket.request("resume", json!({"last_event_id": first})).await;
    let resumed = socket.receive().await;
    let expired = socket.request("resume", json!({"last_event_id": "0000000000001-0000"})).await;

    assert_eq!((&missed["type"], &missed["data"]["title_id"]), (&"new_episode".into(), &7.into()));
    assert!(missed["data"]["event_id"].as_str() > first.as_str());
    assert_eq!(resumed, json!({"type": "resumed", "data": {"replayed": 1, "complete": true}}));
    assert_eq!(expired["data"]["event_id"], first);
    assert_eq!(socket.wait_for("resumed").await["data"], json!({"replayed": 2, "complete": false}));
}

#[tokio::test]
async fn statistics_include_connections_and_subscriptions() {
    let service = watching_service(&[("INTERNAL_JWT_SECRET", SECRET)]).await;
    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_title", json!({"title_id": 7})).await;
    socket.request("subscribe_updates", json!({"types": ["new_title", "status_change"]})).await;
    publish_episode(&service, 7).await;
    let event = socket.wait_for("new_episode").await;

    let token = service_token("nodejs", &["read"]);
    let stats = service.send_as(&token, Method::GET, "/internal/stats", None).await.json();

    let expected = json!({
        "connections": 1,
        "max_connections": 1000,
        "subscriptions": 3,
        "opened": 1,
        "turned_away": 0,
        "given_up": 0,
        "messages_received": 2,
        "messages_refused": 0,
        "events": 1,
        "events_delivered": 1,
        "last_event_id": event["data"]["event_id"],
    });
    assert_eq!(stats["data"]["websocket"], expected);
}
