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
    world.until_away(REDIS).await;
    world.assert_costs_nothing(REDIS).await;
    world.change_everything().await;
    world.assert_bounded().await;
    redis.restart();
    world.until_back(REDIS).await;

    readers.assert_all_answered().await;
    world.assert_nothing_old().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_dies_and_forgets_is_no_error_and_loses_no_invalidation() {
    dies_and_comes_back(RedisServer::options()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_dies_and_remembers_is_no_error_and_loses_no_invalidation() {
    dies_and_comes_back(RedisServer::options().persistent()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_is_no_error_and_loses_no_invalidation() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    redis.freeze();
    world.until_away(REDIS).await;
    world.assert_costs_nothing(REDIS).await;
    world.change_everything().await;
    world.change_more_than_is_remembered().await;
    world.assert_bounded().await;
    redis.thaw();
    world.until_back(REDIS).await;

    readers.assert_all_answered().await;
    world.assert_nothing_old().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_forgets_everything_is_filled_again_and_memory_is_not_trusted() {
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
    world.assert_nothing_old().await;
    world.assert_bounded().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_goes_on_to_be_read_and_keeps_nothing_old() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    assert_eq!(redis.cli(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
    let hits = world.level(REDIS).await.hits;
    until("it is read", async || world.level(REDIS).await.hits > hits + 20).await;
    world.change_everything().await;
    let full = world.level(REDIS).await;
    readers.assert_all_answered().await;
    world.assert_nothing_old().await;
    assert_eq!(redis.cli(&["CONFIG", "SET", "maxmemory", "0"]), "OK");

    assert!(!full.is_unavailable && full.unapplied == 0, "{full:?}");
    world.until_back(REDIS).await;
    world.assert_nothing_old().await;
    world.assert_bounded().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_lets_nobody_in_comes_to_life_when_it_does() {
    let redis = RedisServer::options().password("right").start();
    let (Some(redis), Some(mongo)) = (redis, MongoServer::start()) else { return };
    let world = World::at(&redis.url().replace("right", "wrong"), &mongo).await;
    let readers = world.readers();

    world.until_away(REDIS).await;
    world.assert_costs_nothing(REDIS).await;
    world.change_everything().await;
    redis.cli(&["CONFIG", "SET", "requirepass", "wrong"]);
    world.until_back(REDIS).await;

    readers.assert_all_answered().await;
    world.assert_nothing_old().await;
    world.assert_bounded().await;
}
