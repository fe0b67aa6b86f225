//! A MongoDB server that dies or hangs, and a cache with only its memory level left.

use anilibria_cache::LoadError;
use test_services::{MongoServer, RedisServer};

use super::{
    soon,
    source::{Down, KEYS},
    world::{MONGODB, REDIS, World},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_that_dies_is_no_error_and_loses_no_invalidation() {
    let (Some(redis), Some(mut mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;

    mongo.kill();
    // Redis answers all lookups, so only writes detect the outage.
    world.change_everything().await;
    let readers = world.readers();
    world.until_away(MONGODB).await;
    world.change_more_than_is_remembered().await;
    world.assert_bounded().await;
    mongo.restart();
    world.until_back(MONGODB).await;

    readers.assert_all_answered().await;
    world.assert_nothing_old().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_that_hangs_is_no_error_and_loses_no_invalidation() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    mongo.freeze();
    world.change_everything().await;
    world.until_away(MONGODB).await;
    world.assert_bounded().await;
    mongo.thaw();
    world.until_back(MONGODB).await;

    readers.assert_all_answered().await;
    world.assert_nothing_old().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_everything_down_old_values_are_served_and_a_new_key_has_the_error_of_its_source() {
    let (Some(mut redis), Some(mut mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    redis.kill();
    mongo.kill();
    world.source.set_down(true);
    world.until_away(REDIS).await;
    world.until_away(MONGODB).await;
    world.assert_costs_nothing(REDIS).await;
    world.assert_costs_nothing(MONGODB).await;
    let mut stale = Vec::new();
    for number in 0..KEYS {
        stale.push(world.get(number).await.unwrap().is_stale());
    }
    let new = soon(world.cache.get_or_load("new", [], || async { Err::<&str, _>(Down) })).await;
    readers.assert_all_answered().await;

    assert_eq!(stale, [true; KEYS]);
    assert!(matches!(&new, Err(LoadError::Failed(error)) if **error == Down), "{new:?}");
    world.assert_bounded().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_neither_redis_nor_mongodb_memory_and_the_source_are_enough() {
    let (Some(mut redis), Some(mut mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    redis.kill();
    mongo.kill();
    world.until_away(REDIS).await;
    world.until_away(MONGODB).await;
    world.assert_costs_nothing(REDIS).await;
    world.assert_costs_nothing(MONGODB).await;
    world.change_everything().await;
    world.change_more_than_is_remembered().await;
    world.assert_bounded().await;
    redis.restart();
    mongo.restart();
    world.until_back(REDIS).await;
    world.until_back(MONGODB).await;

    readers.assert_all_answered().await;
    world.assert_nothing_old().await;
}
