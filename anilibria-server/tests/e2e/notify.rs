//! The Node service is told of every event, whatever happens to it or to this one.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
#[cfg(unix)]
use test_services::RedisServer;

use crate::{
    node::stand_in::{Call, NodeStandIn, Reply},
    socket::{Socket, publish_episode, watching},
    support::{Service, eventually},
    token::{SECRET, service_token},
};

const PATH: &str = "/internal/anilibria/notify";

/// A service that watches `upstream` and tells `node`, with these variables besides.
fn start(upstream: &Service, node: &NodeStandIn, variables: &[(&str, &str)]) -> Service {
    let ours = [
        ("NODEJS_SERVICE_URL", &*node.origin),
        ("INTERNAL_JWT_SECRET", SECRET),
        ("EVENTS_ENABLED", "true"),
        ("SYNC_INTERVAL_SECONDS", "1"),
        ("NOTIFY_RETRY_SECONDS", "1"),
    ];
    Service::reading_from(upstream, &[&ours, variables].concat())
}

/// Starts one and waits until it watches.
async fn watcher(upstream: &Service, node: &NodeStandIn, variables: &[(&str, &str)]) -> Service {
    let service = start(upstream, node, variables);
    watching(&service).await;
    service
}

/// What the stand-in was told, and whether it took it.
fn told(node: &NodeStandIn) -> Vec<Call> {
    node.calls().into_iter().filter(|call| call.path == PATH).collect()
}

/// The keys of what it took, in its order.
fn taken(node: &NodeStandIn) -> Vec<String> {
    let taken = told(node).into_iter().filter(|call| call.status == 200);
    taken.map(|call| call.header("idempotency-key").to_owned()).collect()
}

/// Waits until the stand-in has taken `count` events, each once.
async fn all_taken(node: &NodeStandIn, count: usize) -> Vec<String> {
    let what = format!("{count} notifications");
    eventually(&what, async || (taken(node).len() >= count).then(|| taken(node))).await
}

/// How the notifications of `service` are, as soon as `is_so`.
async fn statistics(service: &Service, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let token = service_token("nodejs", &["read"]);
    let look = async || {
        let answer = service.send_as(&token, Method::GET, "/internal/stats", None).await;
        let statistics = answer.json()["data"]["notifications"].clone();
        is_so(&statistics).then_some(statistics)
    };
    eventually(what, look).await
}

#[tokio::test]
async fn event_arrives_with_its_key_the_token_of_the_service_and_the_documented_body() {
    let (upstream, node) = (Service::upstream(), NodeStandIn::start(Reply::text("{}")).await);
    let service = watcher(&upstream, &node, &[]).await;
    let mut socket = Socket::open(&service).await;
    socket.ask("subscribe_title", json!({"title_id": 7})).await;

    publish_episode(&upstream, 7).await;
    let event = socket.hear_of("new_episode").await["data"].clone();
    all_taken(&node, 1).await;

    let call = told(&node).remove(0);
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
    // The token is one that the service itself would take.
    let token = call.header("authorization");
    let mine = service.send_as(token, Method::GET, "/internal/stats", None).await.json();
    assert_eq!(mine["data"]["notifications"]["pending"], 0);
    assert!(!service.printed().contains(token));
}

#[tokio::test]
async fn all_is_told_in_order_once_the_node_service_is_back() {
    let (upstream, node) = (Service::upstream(), NodeStandIn::start(Reply::status(503)).await);
    let service = watcher(&upstream, &node, &[]).await;

    for title in [7, 8, 7, 7] {
        publish_episode(&upstream, title).await;
    }
    let waiting = statistics(&service, "tries in vain", |statistics| {
        statistics["pending"] == 4 && statistics["retrying"] == 2
    })
    .await;
    assert!(waiting["oldest_pending_seconds"].is_u64());
    node.reply(Reply::text("{}"));

    let keys = all_taken(&node, 4).await;
    let told = told(&node);
    let of_title = |title: u32| -> Vec<_> {
        let calls = told.iter().filter(|call| call.status == 200 && call.body["title_id"] == title);
        calls.map(|call| call.body["episode"].as_u64().unwrap()).collect()
    };
    assert!(of_title(7).is_sorted_by(|one, next| one + 1 == *next), "{:?}", of_title(7));
    assert_eq!((of_title(7).len(), of_title(8).len()), (3, 1));
    assert_eq!(keys.len(), 4);
    let done = statistics(&service, "the end", |statistics| statistics["pending"] == 0).await;
    assert_eq!((&done["sent"], &done["dead"]), (&json!(4), &json!(0)));
}

#[tokio::test]
async fn what_the_node_service_does_not_want_is_given_up_and_counted() {
    let (upstream, node) = (Service::upstream(), NodeStandIn::start(Reply::status(404)).await);
    let service = watcher(&upstream, &node, &[]).await;

    publish_episode(&upstream, 7).await;
    let given_up = statistics(&service, "a dead letter", |statistics| statistics["dead"] == 1).await;

    let letter = &given_up["dead_letters"][0];
    assert_eq!((&letter["type"], &letter["title_id"]), (&json!("new_episode"), &json!(7)));
    assert_eq!((&letter["attempts"], &letter["reason"]), (&json!(1), &json!("response status 404")));
    assert_eq!(letter["event_id"], told(&node)[0].header("idempotency-key"));
    assert_eq!((&given_up["pending"], told(&node).len()), (&json!(0), 1));
}

#[tokio::test]
async fn node_service_that_hangs_keeps_no_client_waiting_and_is_given_up_in_the_end() {
    let hanging = Reply { hangs: true, ..Reply::text("{}") };
    let (upstream, node) = (Service::upstream(), NodeStandIn::start(hanging).await);
    let service = watcher(&upstream, &node, &[("NOTIFY_ATTEMPTS", "1")]).await;
    let mut socket = Socket::open(&service).await;
    socket.ask("subscribe_title", json!({"title_id": 7})).await;

    for _ in 0..2 {
        publish_episode(&upstream, 7).await;
        socket.hear_of("new_episode").await;
    }

    // It is told of one at a time, so both were heard of while it had not yet answered to the first.
    assert!(told(&node).len() <= 1);
    statistics(&service, "dead letters", |statistics| statistics["dead"] == 2).await;
}

#[tokio::test]
async fn what_was_yet_to_be_told_when_the_service_was_killed_is_told_by_the_next() {
    let (upstream, node) = (Service::upstream(), NodeStandIn::start(Reply::status(503)).await);
    let directory = tempfile::tempdir().unwrap();
    let variables = [("CACHE_DIR", directory.path().to_str().unwrap())];
    let service = watcher(&upstream, &node, &variables).await;
    for title in [7, 8] {
        publish_episode(&upstream, title).await;
    }
    statistics(&service, "tries in vain", |statistics| statistics["retrying"] == 2).await;
    let mut keys: Vec<_> = told(&node).iter().map(|call| call.header("idempotency-key").to_owned()).collect();
    service.kill();

    node.reply(Reply::text("{}"));
    let _next = start(&upstream, &node, &variables);

    let mut taken = all_taken(&node, 2).await;
    keys.sort();
    keys.dedup();
    taken.sort();
    assert_eq!(taken, keys);
}

#[tokio::test]
async fn each_event_is_told_under_one_key_however_often_the_service_is_killed() {
    let (upstream, node) = (Service::upstream(), NodeStandIn::start(Reply::text("{}")).await);
    let directory = tempfile::tempdir().unwrap();
    let variables = [("CACHE_DIR", directory.path().to_str().unwrap())];

    let mut published = Vec::new();
    for _ in 0..4 {
        let service = watcher(&upstream, &node, &variables).await;
        published.push(publish_episode(&upstream, 7).await["ordinal"].to_string());
        // Right after it is known here, and before anybody can be sure that the Node service is.
        let is_known = async || service.printed().contains("event published").then_some(());
        eventually("an event", is_known).await;
        service.kill();
    }
    let _last = watcher(&upstream, &node, &variables).await;

    // What was told, by its key: a kill may come after it, and before that is written down.
    let by_key = async || {
        let told = told(&node).into_iter();
        let told: BTreeSet<_> = told
            .map(|call| (call.header("idempotency-key").to_owned(), call.body["episode"].to_string()))
            .collect();
        (told.len() >= published.len()).then_some(told)
    };
    let told = eventually("each of them", by_key).await;
    assert_eq!(told.into_iter().map(|(_, episode)| episode).collect::<Vec<_>>(), published);
}

#[cfg(unix)]
#[tokio::test]
async fn one_of_two_instances_tells_it_and_the_other_goes_on_when_that_is_killed() {
    let Some(redis) = RedisServer::start() else { return };
    let (upstream, node) = (Service::upstream(), NodeStandIn::start(Reply::text("{}")).await);
    let (url, tells) = (redis.url(), "dispatching notifications to the Node service");
    let variables = [("REDIS_URL", &*url)];
    let one = watcher(&upstream, &node, &variables).await;
    eventually("the one that tells", async || one.printed().contains(tells).then_some(())).await;
    let two = start(&upstream, &node, &variables);

    for title in [7, 8, 9] {
        publish_episode(&upstream, title).await;
    }
    let first = all_taken(&node, 3).await;
    for service in [&one, &two] {
        statistics(service, "three that were sent", |statistics| statistics["sent"] == 3).await;
    }
    assert_eq!(told(&node).len(), 3, "each is told once, by one of them");
    assert!(!two.printed().contains(tells));

    node.reply(Reply::status(503));
    publish_episode(&upstream, 7).await;
    publish_episode(&upstream, 7).await;
    statistics(&two, "tries in vain", |statistics| statistics["pending"] == 2 && statistics["retrying"] == 1)
        .await;
    one.kill();
    node.reply(Reply::text("{}"));

    let keys = all_taken(&node, 5).await;
    assert!(two.printed().contains(tells));
    assert!(keys[3] < keys[4] && !first.contains(&keys[3]), "{keys:?}");
    statistics(&two, "five that were sent", |statistics| statistics["sent"] == 5).await;
}
