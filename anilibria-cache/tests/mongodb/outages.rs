//! The store while its server does not respond, and afterwards.

use std::time::{Duration, SystemTime};

use anilibria_cache::{Entry, Error, MongoStore, Result, Store};
use futures::future::join_all;
use test_services::MongoServer;

use super::{DEADLINE, builder, entry, eventually, proxy::CountingProxy};

const SHORT: Duration = Duration::from_millis(300);

/// Number of connections by which the driver monitors each server.
const WATCHERS: usize = 2;

async fn short_timeouts(server: &MongoServer) -> MongoStore {
    builder(server).wait_timeout(SHORT).call_timeout(SHORT).connect().await.unwrap()
}

/// Returns the entry of `store` under `key`, within the deadline.
async fn get(store: &MongoStore) -> Result<Option<Entry>> {
    tokio::time::timeout(DEADLINE, store.get("key", SystemTime::now())).await.expect("no end to the call")
}

fn is_unavailable<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Unavailable { store: "mongodb", .. }))
}

#[tokio::test]
async fn store_works_when_the_server_starts_later() {
    let Some(mut server) = MongoServer::start() else { return };
    server.kill();

    let store = short_timeouts(&server).await;
    let (down, ping) = (get(&store).await, store.ping().await);
    server.restart();
    let found = eventually(async || get(&store).await.ok()).await;

    assert!(is_unavailable(&down) && is_unavailable(&ping), "{down:?} {ping:?}");
    assert!(found.is_none());
}

#[tokio::test]
async fn store_finds_its_entries_after_a_restart_of_the_server() {
    let Some(mut server) = MongoServer::start() else { return };
    let store = short_timeouts(&server).await;
    let kept = entry("value");
    eventually(async || store.set("key", kept.clone(), SystemTime::now()).await.ok()).await;

    server.kill();
    let down = get(&store).await;
    server.restart();
    let found = eventually(async || get(&store).await.ok()).await;

    assert!(is_unavailable(&down), "{down:?}");
    assert_eq!(found.map(|entry| entry.value().clone()), Some(kept.value().clone()));
}

#[tokio::test]
async fn calls_to_a_suspended_server_end_and_have_no_effect() {
    let Some(server) = MongoServer::start() else { return };
    let store = short_timeouts(&server).await;
    eventually(async || store.set("key", entry("value"), SystemTime::now()).await.ok()).await;

    server.freeze();
    // Many more than the pool of the driver would process in time if they were left in its queue.
    let frozen = join_all((0..200).map(|_| get(&store))).await;
    let written = store.set("key", entry("other"), SystemTime::now()).await;
    server.thaw();
    let found = eventually(async || get(&store).await.ok()).await;

    assert!(frozen.iter().all(is_unavailable) && is_unavailable(&written));
    // It is unknown whether the write took effect, but the entry is one of the two.
    assert!(found.is_some_and(|entry| entry.value() == "value" || entry.value() == "other"));
}

#[tokio::test]
async fn dropped_calls_do_not_exhaust_the_connections() {
    let Some(server) = MongoServer::start() else { return };
    let store = builder(&server).max_connections(2).connect().await.unwrap();
    store.set("key", entry("value"), SystemTime::now()).await.unwrap();

    for round in 0..50 {
        let patience = Duration::from_micros(round * 20);
        drop(tokio::time::timeout(patience, join_all((0..4).map(|_| get(&store)))).await);
    }

    assert_eq!(get(&store).await.unwrap().unwrap().value(), "value");
}

#[tokio::test]
async fn no_more_connections_are_opened_than_allowed() {
    let Some(server) = MongoServer::start() else { return };
    let proxy = CountingProxy::to(server.port()).await;
    let builder = MongoStore::builder(proxy.uri()).database("test").call_timeout(DEADLINE);
    let store = builder.max_connections(3).min_connections(2).connect().await.unwrap();

    let found = join_all((0..100).map(|_| get(&store))).await;

    assert!(found.iter().all(|found| matches!(found, Ok(None))));
    assert!((2..=3 + WATCHERS).contains(&proxy.max_open()), "{}", proxy.max_open());
}

#[tokio::test]
async fn connections_are_closed_with_the_store() {
    let Some(server) = MongoServer::start() else { return };
    let proxy = CountingProxy::to(server.port()).await;
    let store = MongoStore::builder(proxy.uri()).database("test").connect().await.unwrap();
    store.ping().await.unwrap();

    drop(store);

    eventually(async || (proxy.open() == 0).then_some(())).await;
}

#[tokio::test]
async fn error_of_a_wrong_password_does_not_contain_it() {
    let Some(server) = MongoServer::start() else { return };
    let uri = server.uri().replace("mongodb://", "mongodb://user:s3cret@");
    let store = MongoStore::builder(uri).database("test").call_timeout(DEADLINE).connect().await.unwrap();

    let refused = get(&store).await;

    assert!(is_unavailable(&refused), "{refused:?}");
    let shown = format!("{refused:?} {store:?}");
    assert!(shown.to_lowercase().contains("auth") && !shown.contains("s3cret"), "{shown}");
}
