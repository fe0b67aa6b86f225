//! A server that is down, suspended, lost its data or rejects connections.

use std::{
    iter::successors,
    time::{Duration, SystemTime},
};

use anilibria_cache::{Error, RedisStore, Store};
use futures::future::join_all;
use test_services::RedisServer;

use super::{put, redis, soon, store, until, value};

async fn is_available(store: &RedisStore) -> bool {
    store.ping().await.is_ok()
}

/// Returns the error and its causes, outermost first.
fn chain(error: &Error) -> String {
    let first: &dyn std::error::Error = error;
    let parts: Vec<String> =
        successors(Some(first), |error| error.source()).map(ToString::to_string).collect();
    parts.join(": ")
}

#[tokio::test]
async fn store_started_without_redis_works_when_redis_starts() {
    let Some(mut server) = RedisServer::start() else { return };
    server.kill();
    let store = store(&server);

    let missing = soon(store.get("key", SystemTime::now())).await;
    server.restart();
    until(async || is_available(&store).await).await;
    put(&store, "key", "value", &["a"]).await;

    assert!(matches!(missing, Err(Error::Unavailable { .. })), "{missing:?}");
    assert_eq!(value(&store, "key").await.as_deref(), Some("value"));
}

#[tokio::test]
async fn restart_between_two_calls_has_no_effect() {
    let Some(mut server) = RedisServer::options().persistent().start() else { return };
    let store = store(&server);
    put(&store, "key", "value", &["a"]).await;

    server.restart();
    until(async || server.cli(&["PING"]) == "PONG").await;

    assert_eq!(value(&store, "key").await.as_deref(), Some("value"));
}

#[tokio::test]
async fn scripts_work_after_a_restart() {
    let Some(mut server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "key", "value", &["a", "b", "c"]).await;

    server.restart();

    put(&store, "key", "value", &["a", "b", "c"]).await;
    assert_eq!(value(&store, "key").await.as_deref(), Some("value"));
}

#[tokio::test]
async fn calls_to_a_killed_server_fail_and_work_again_when_it_is_back() {
    let Some(mut server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "key", "value", &[]).await;

    server.kill();
    let calls = (0..2_000).map(|_| store.get("key", SystemTime::now()));
    let results_meanwhile = soon(join_all(calls)).await;
    server.restart();

    assert!(results_meanwhile.iter().all(|result| matches!(result, Err(Error::Unavailable { .. }))));
    until(async || is_available(&store).await).await;
}

#[tokio::test]
async fn calls_to_a_frozen_server_end_and_work_again_when_it_thaws() {
    let Some(server) = RedisServer::start() else { return };
    let store = redis(&server).response_timeout(Duration::from_millis(100)).build().unwrap().store();
    put(&store, "key", "value", &[]).await;

    server.freeze();
    let calls = (0..5_000).map(|_| store.get("key", SystemTime::now()));
    let first = soon(join_all(calls)).await;
    let later = soon(store.get("key", SystemTime::now())).await;
    server.thaw();

    assert!(first.iter().chain([&later]).all(|result| matches!(result, Err(Error::Unavailable { .. }))));
    until(async || is_available(&store).await).await;
    assert_eq!(value(&store, "key").await.as_deref(), Some("value"));
}

#[tokio::test]
async fn store_works_after_a_flush() {
    let Some(server) = RedisServer::start() else { return };
    let store = store(&server);
    put(&store, "key", "value", &["a"]).await;

    server.flush();

    assert_eq!(value(&store, "key").await, None);
    put(&store, "key", "again", &["a"]).await;
    assert_eq!(value(&store, "key").await.as_deref(), Some("again"));
}

#[tokio::test]
async fn wrong_password_is_reported_and_can_be_corrected() {
    let Some(server) = RedisServer::options().password("right").start() else { return };
    let url = server.url().replace("right", "wrong");
    let store = RedisStore::connect(&url).unwrap();

    let error = store.ping().await.unwrap_err();
    server.cli(&["CONFIG", "SET", "requirepass", "wrong"]);

    assert!(matches!(error, Error::Unavailable { .. }));
    assert!(chain(&error).contains("invalid username-password pair"), "{}", chain(&error));
    assert!(!format!("{} {error:?} {store:?}", chain(&error)).contains("wrong"));
    until(async || is_available(&store).await).await;
}
