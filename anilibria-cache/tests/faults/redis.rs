//! A Redis server that dies, hangs, loses its data, is full, or rejects connections.

use std::time::SystemTime;

use anilibria_cache::Store;
use test_services::{MongoServer, RedisOptions, RedisServer};

use super::{
    source::{KEYS, key},
    until,
    world::{REDIS, World},
};

async fn dies_and_comes_back(options: RedisOptions) {
    let (Some(mut redis), Some(mongo)) = (options.start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    redis.kill();
    world.until_unavailable(REDIS).await;
    world.assert_no_delay(REDIS).await;
    world.change_everything().await;
    world.assert_bounded().await;
    redis.restart();
    world.until_available(REDIS).await;

    readers.assert_all_answered().await;
    world.assert_no_outdated_value().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_redis_without_persistence_causes_no_error_and_loses_no_invalidation() {
    dies_and_comes_back(RedisServer::options()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_redis_with_persistence_causes_no_error_and_loses_no_invalidation() {
    dies_and_comes_back(RedisServer::options().persistent()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspended_redis_causes_no_error_and_loses_no_invalidation() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    redis.freeze();
    world.until_unavailable(REDIS).await;
    world.assert_no_delay(REDIS).await;
    world.change_everything().await;
    world.overflow_the_log().await;
    world.assert_bounded().await;
    redis.thaw();
    world.until_available(REDIS).await;

    readers.assert_all_answered().await;
    world.assert_no_outdated_value().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushed_redis_is_filled_again_and_memory_expires() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    world.change_everything().await;
    let readers = world.readers();
    let kept = async |number| world.redis.get(&key(number), SystemTime::now()).await.unwrap().is_some();

    redis.flush();
    until("the flush is noticed", async || {
        world.cache.stats().await.backplane.is_some_and(|backplane| backplane.resyncs > 0)
    })
    .await;
    for number in 0..KEYS {
        until("it is filled again", async || kept(number).await).await;
    }

    readers.assert_all_answered().await;
    assert!(!world.level(REDIS).await.is_unavailable);
    world.assert_no_outdated_value().await;
    world.assert_bounded().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_redis_is_still_read_and_keeps_no_outdated_value() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    assert_eq!(redis.cli(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    let hits = world.level(REDIS).await.hits;
    until("it is read", async || world.level(REDIS).await.hits > hits + 20).await;
    world.change_everything().await;
    let full = world.level(REDIS).await;
    readers.assert_all_answered().await;
    world.assert_no_outdated_value().await;
    assert_eq!(redis.cli(&["CONFIG", "SET", "maxmemory", "0"]), "OK");

    assert!(!full.is_unavailable && full.unapplied == 0, "{full:?}");
    world.until_available(REDIS).await;
    world.assert_no_outdated_value().await;
    world.assert_bounded().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_rejects_logins_is_used_when_it_accepts_them() {
    let redis = RedisServer::options().password("right").start();
    let (Some(redis), Some(mongo)) = (redis, MongoServer::start()) else { return };
    let world = World::at(&redis.url().replace("right", "wrong"), &mongo).await;
    let readers = world.readers();

    world.until_unavailable(REDIS).await;
    world.assert_no_delay(REDIS).await;
    world.change_everything().await;
    redis.cli(&["CONFIG", "SET", "requirepass", "wrong"]);
    world.until_available(REDIS).await;

    readers.assert_all_answered().await;
    world.assert_no_outdated_value().await;
    world.assert_bounded().await;
}
