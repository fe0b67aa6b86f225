//! Notifications to the Node service, with outages and restarts.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
#[cfg(unix)]
use test_services::RedisServer;

use crate::{
    node::stub::{Call, NodeStub, Reply},
    socket::{Socket, publish_episode, wait_for_watcher},
    support::{Service, eventually},
    token::{SECRET, service_token},
};

const PATH: &str = "/internal/anilibria/notify";

/// Starts a service that watches `upstream` and notifies `node`, with additional variables.
fn start(upstream: &Service, node: &NodeStub, variables: &[(&str, &str)]) -> Service {
    let ours = [
        ("NODEJS_SERVICE_URL", &*node.origin),
        ("INTERNAL_JWT_SECRET", SECRET),
        ("EVENTS_ENABLED", "true"),
        ("SYNC_INTERVAL_SECONDS", "1"),
        ("NOTIFY_RETRY_SECONDS", "1"),
    ];
    Service::reading_from(upstream, &[&ours, variables].concat())
}

/// Starts a service like [`start`] and waits for its watcher.
async fn start_watcher(upstream: &Service, node: &NodeStub, variables: &[(&str, &str)]) -> Service {
    let service = start(upstream, node, variables);
    wait_for_watcher(&service).await;
    service
}

/// Returns the notifications that the stub received, with the status of its response.
fn notifications(node: &NodeStub) -> Vec<Call> {
    node.calls().into_iter().filter(|call| call.path == PATH).collect()
}

/// Returns the keys of the accepted notifications, in the order of their arrival.
fn accepted_keys(node: &NodeStub) -> Vec<String> {
    let accepted = notifications(node).into_iter().filter(|call| call.status == 200);
    accepted.map(|call| call.header("idempotency-key").to_owned()).collect()
}

/// Waits until the stub has accepted `count` notifications, and returns their keys.
async fn wait_for_accepted(node: &NodeStub, count: usize) -> Vec<String> {
    let what = format!("{count} notifications");
    eventually(&what, async || (accepted_keys(node).len() >= count).then(|| accepted_keys(node))).await
}

/// Waits until the statistics of the notifications meet `condition`, and returns them.
async fn statistics(service: &Service, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
    let token = service_token("nodejs", &["read"]);
    let poll = async || {
        let response = service.send_as(&token, Method::GET, "/internal/stats", None).await;
        let statistics = response.json()["data"]["notifications"].clone();
        condition(&statistics).then_some(statistics)
    };
    eventually(what, poll).await
}

#[tokio::test]
async fn notification_has_key_token_and_documented_body() {
    let (upstream, node) = (Service::upstream(), NodeStub::start(Reply::text("{}")).await);
    let service = start_watcher(&upstream, &node, &[]).await;
    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_title", json!({"title_id": 7})).await;

    publish_episode(&upstream, 7).await;
    let event = socket.wait_for("new_episode").await["data"].clone();
    wait_for_accepted(&node, 1).await;

    let call = notifications(&node).remove(0);
    assert_eq!(call.header("idempotency-key"), event["event_id"]);
    assert_eq!(call.header("content-type"), "application/json");
    assert_eq!(
        call.body,
        json!({
            "type": "new_episode",
            "title_id": 7,
            "episode": event["episode"],
            "timestamp": event["timestamp"],
            "data": {"title": event["title"], "episode_name": event["episode_name"]},
        })
    );
    // The service accepts its own token.
    let token = call.header("authorization");
    let stats = service.send_as(token, Method::GET, "/internal/stats", None).await.json();
    assert_eq!(stats["data"]["notifications"]["pending"], 0);
    assert!(!service.printed().contains(token));
}

#[tokio::test]
async fn pending_notifications_are_sent_in_order_after_an_outage() {
    let (upstream, node) = (Service::upstream(), NodeStub::start(Reply::status(503)).await);
    let service = start_watcher(&upstream, &node, &[]).await;

    for title in [7, 8, 7, 7] {
        publish_episode(&upstream, title).await;
    }
    let waiting = statistics(&service, "failed attempts", |statistics| {
        statistics["pending"] == 4 && statistics["retrying"] == 2
    })
    .await;
    assert!(waiting["oldest_pending_seconds"].is_u64());
    node.reply(Reply::text("{}"));

    let keys = wait_for_accepted(&node, 4).await;
    let sent = notifications(&node);
    let of_title = |title: u32| -> Vec<_> {
        let calls = sent.iter().filter(|call| call.status == 200 && call.body["title_id"] == title);
        calls.map(|call| call.body["episode"].as_u64().unwrap()).collect()
    };
    assert!(of_title(7).is_sorted_by(|one, next| one + 1 == *next), "{:?}", of_title(7));
    assert_eq!((of_title(7).len(), of_title(8).len()), (3, 1));
    assert_eq!(keys.len(), 4);
    let done = statistics(&service, "an empty outbox", |statistics| statistics["pending"] == 0).await;
    assert_eq!((&done["sent"], &done["dead"]), (&json!(4), &json!(0)));
}

#[tokio::test]
async fn rejected_notification_is_a_dead_letter() {
    let (upstream, node) = (Service::upstream(), NodeStub::start(Reply::status(404)).await);
    let service = start_watcher(&upstream, &node, &[]).await;

    publish_episode(&upstream, 7).await;
    let rejected = statistics(&service, "a dead letter", |statistics| statistics["dead"] == 1).await;

    let letter = &rejected["dead_letters"][0];
    assert_eq!((&letter["type"], &letter["title_id"]), (&json!("new_episode"), &json!(7)));
    assert_eq!((&letter["attempts"], &letter["reason"]), (&json!(1), &json!("response status 404")));
    assert_eq!(letter["event_id"], notifications(&node)[0].header("idempotency-key"));
    assert_eq!((&rejected["pending"], notifications(&node).len()), (&json!(0), 1));
}

#[tokio::test]
async fn hanging_node_service_does_not_delay_clients() {
    let hanging = Reply { hangs: true, ..Reply::text("{}") };
    let (upstream, node) = (Service::upstream(), NodeStub::start(hanging).await);
    let service = start_watcher(&upstream, &node, &[("NOTIFY_ATTEMPTS", "1")]).await;
    let mut socket = Socket::open(&service).await;
    socket.request("subscribe_title", json!({"title_id": 7})).await;

    for _ in 0..2 {
        publish_episode(&upstream, 7).await;
        socket.wait_for("new_episode").await;
    }

    // Notifications are sent one at a time: both events reached the client before the response to the first notification.
    assert!(notifications(&node).len() <= 1);
    statistics(&service, "dead letters", |statistics| statistics["dead"] == 2).await;
}

#[tokio::test]
async fn pending_notifications_survive_a_kill() {
    let (upstream, node) = (Service::upstream(), NodeStub::start(Reply::status(503)).await);
    let directory = tempfile::tempdir().unwrap();
    let variables = [("CACHE_DIR", directory.path().to_str().unwrap())];
    let service = start_watcher(&upstream, &node, &variables).await;
    for title in [7, 8] {
        publish_episode(&upstream, title).await;
    }
    statistics(&service, "failed attempts", |statistics| statistics["retrying"] == 2).await;
    let mut keys: Vec<_> =
        notifications(&node).iter().map(|call| call.header("idempotency-key").to_owned()).collect();
    service.kill();

    node.reply(Reply::text("{}"));
    let _next = start(&upstream, &node, &variables);

    let mut accepted = wait_for_accepted(&node, 2).await;
    keys.sort();
    keys.dedup();
    accepted.sort();
    assert_eq!(accepted, keys);
}

#[tokio::test]
async fn each_event_has_one_key_across_kills() {
    let (upstream, node) = (Service::upstream(), NodeStub::start(Reply::text("{}")).await);
    let directory = tempfile::tempdir().unwrap();
    let variables = [("CACHE_DIR", directory.path().to_str().unwrap())];

    let mut published = Vec::new();
    for _ in 0..4 {
        let service = start_watcher(&upstream, &node, &variables).await;
        published.push(publish_episode(&upstream, 7).await["ordinal"].to_string());
        // The kill comes right after the event is published, possibly before the notification is sent.
        let is_published = async || service.printed().contains("event published").then_some(());
        eventually("an event", is_published).await;
        service.kill();
    }
    let _last = start_watcher(&upstream, &node, &variables).await;

    // A notification can be sent twice: a kill can come after it was sent and before that was stored.
    let by_key = async || {
        let sent = notifications(&node).into_iter();
        let sent: BTreeSet<_> = sent
            .map(|call| (call.header("idempotency-key").to_owned(), call.body["episode"].to_string()))
            .collect();
        (sent.len() >= published.len()).then_some(sent)
    };
    let sent = eventually("a notification of each episode", by_key).await;
    assert_eq!(sent.into_iter().map(|(_, episode)| episode).collect::<Vec<_>>(), published);
}

#[cfg(unix)]
#[tokio::test]
async fn one_instance_dispatches_and_another_takes_over_after_a_kill() {
    let Some(redis) = RedisServer::start() else { return };
    let (upstream, node) = (Service::upstream(), NodeStub::start(Reply::text("{}")).await);
    let (url, dispatching) = (redis.url(), "dispatching notifications to the Node service");
    let variables = [("REDIS_URL", &*url)];
    let one = start_watcher(&upstream, &node, &variables).await;
    eventually("the dispatcher", async || one.printed().contains(dispatching).then_some(())).await;
    let two = start(&upstream, &node, &variables);

    for title in [7, 8, 9] {
        publish_episode(&upstream, title).await;
    }
    let first = wait_for_accepted(&node, 3).await;
    for service in [&one, &two] {
        statistics(service, "three sent notifications", |statistics| statistics["sent"] == 3).await;
    }
    assert_eq!(notifications(&node).len(), 3, "each notification is sent once, by one instance");
    assert!(!two.printed().contains(dispatching));

    node.reply(Reply::status(503));
    publish_episode(&upstream, 7).await;
    publish_episode(&upstream, 7).await;
    statistics(&two, "failed attempts", |statistics| {
        statistics["pending"] == 2 && statistics["retrying"] == 1
    })
    .await;
    one.kill();
    node.reply(Reply::text("{}"));

    let keys = wait_for_accepted(&node, 5).await;
    assert!(two.printed().contains(dispatching));
    assert!(keys[3] < keys[4] && !first.contains(&keys[3]), "{keys:?}");
    statistics(&two, "five sent notifications", |statistics| statistics["sent"] == 5).await;
}
