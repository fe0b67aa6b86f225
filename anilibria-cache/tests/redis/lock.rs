//! The load lock in Redis.

use std::time::Duration;

use anilibria_cache::{LoadLock, LockToken, RedisLock};
use test_services::RedisServer;

use super::{redis, until};

const LEASE: Duration = Duration::from_mins(1);

fn lock(server: &RedisServer) -> RedisLock {
    redis(server).build().unwrap().lock()
}

#[tokio::test]
async fn lock_of_a_key_has_one_holder() {
    let Some(server) = RedisServer::start() else { return };
    let (one, other) = (lock(&server), lock(&server));

    let lease = one.try_lock("key", LEASE).await.unwrap().unwrap();
    let refused = other.try_lock("key", LEASE).await.unwrap();
    let elsewhere = other.try_lock("another key", LEASE).await.unwrap();
    one.unlock("key", lease).await.unwrap();
    let after = other.try_lock("key", LEASE).await.unwrap();

    assert_eq!(refused, None);
    assert!(elsewhere.is_some() && after.is_some());
}

#[tokio::test]
async fn only_the_holder_can_release_the_lock() {
    let Some(server) = RedisServer::start() else { return };
    let lock = lock(&server);
    let _held = lock.try_lock("key", LEASE).await.unwrap().unwrap();

    lock.unlock("key", LockToken::new()).await.unwrap();

    assert_eq!(lock.try_lock("key", LEASE).await.unwrap(), None);
}

#[tokio::test]
async fn lease_expires() {
    let Some(server) = RedisServer::start() else { return };
    let lock = lock(&server);
    let _held = lock.try_lock("key", Duration::from_millis(1)).await.unwrap().unwrap();

    until(async || lock.try_lock("key", LEASE).await.unwrap().is_some()).await;
}
