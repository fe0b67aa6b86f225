//! Several servers, and an encrypted one.

use std::{fs, time::SystemTime};

use anilibria_cache::{Backplane, Invalidation, LoadLock, Redis, Scope, Signal, Store};
use futures::StreamExt;
use test_services::{RedisServer, Sentinel};

use super::{put, redis, soon, until, value};

/// Does with `redis` all that can be done.
async fn exercise(redis: &Redis) {
    let (store, backplane, lock) = (redis.store(), redis.backplane(), redis.lock());
    let now = SystemTime::now();
    for number in 0..300 {
        put(&store, &format!("key:{number}"), "value", &["all", &format!("tag:{}", number % 3)]).await;
    }
    let invalidate = async |invalidation| store.invalidate(&invalidation, now).await.unwrap();

    let counts = [
        invalidate(Invalidation::remove(Scope::tag("tag:0"))).await,
        invalidate(Invalidation::expire(Scope::tag("all"))).await,
        invalidate(Invalidation::remove(Scope::matching("key:1*"))).await,
        invalidate(Invalidation::remove(Scope::All)).await,
    ];
    let lease = lock.try_lock("key", std::time::Duration::from_mins(1)).await.unwrap().unwrap();
    let taken = lock.try_lock("key", std::time::Duration::from_mins(1)).await.unwrap();
    lock.unlock("key", lease).await.unwrap();

    assert_eq!(counts, [100, 200, 75, 125]);
    assert_eq!(taken, None);
    store.ping().await.unwrap();
    store.stats().await.unwrap();
    hears(redis, &backplane).await;
}

/// Whether a message of one member reaches another.
async fn hears(redis: &Redis, listener: &impl Backplane) {
    let changed = Invalidation::remove(Scope::key("changed"));
    let speaker = redis.backplane();
    let mut signals = listener.subscribe();

    // Spoken again and again: nobody says when the listener is there.
    let heard = soon(async {
        loop {
            let next = tokio::time::timeout(std::time::Duration::from_millis(50), signals.next());
            if let Ok(signal) = next.await {
                break signal;
            }
            speaker.publish(&changed).await.unwrap();
        }
    });

    assert_eq!(heard.await, Some(Signal::Invalidate(changed)));
}

#[tokio::test]
async fn everything_works_in_a_cluster() {
    let Some(server) = RedisServer::options().cluster().start() else { return };
    let url = format!("redis+cluster://127.0.0.1:{}", server.port());

    exercise(&Redis::builder(url).prefix("test:").build().unwrap()).await;
}

#[tokio::test]
async fn everything_works_with_a_single_server() {
    let Some(server) = RedisServer::start() else { return };

    exercise(&redis(&server).build().unwrap()).await;
}

#[tokio::test]
async fn everything_works_over_tls() {
    let Some(server) = RedisServer::options().tls().start() else { return };
    let certificate = fs::read(server.ca_certificate().unwrap()).unwrap();

    exercise(&redis(&server).ca_certificates(certificate).build().unwrap()).await;
}

#[tokio::test]
async fn a_server_with_an_unknown_certificate_is_not_trusted() {
    let Some(server) = RedisServer::options().tls().start() else { return };
    let store = redis(&server).build().unwrap().store();

    assert!(store.ping().await.is_err());
}

#[tokio::test]
async fn a_replica_that_took_over_is_found_by_way_of_sentinel() {
    let Some(mut master) = RedisServer::start() else { return };
    let Some(_replica) = RedisServer::options().replica_of(master.port()).start() else { return };
    let Some(sentinel) = Sentinel::watch(&master, "main") else { return };
    let url = format!("redis+sentinel://127.0.0.1:{}/main/0", sentinel.port());
    let redis = Redis::builder(url).prefix("test:").build().unwrap();
    exercise(&redis).await;
    let store = redis.store();
    until(async || sentinel.replica_port("main").is_some()).await;

    master.kill();

    until(async || store.set("key", super::entry("value", &["a"]), SystemTime::now()).await.is_ok()).await;
    assert_eq!(value(&store, "key").await.as_deref(), Some("value"));
}
