//! A MongoDB server that dies or hangs, and a cache with only its memory level left.

use anilibria_cache::LoadError;
use test_services::{MongoServer, RedisServer};

use super::{
    soon,
    source::{Down, KEYS},
    world::{MONGODB, REDIS, World},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_mongodb_causes_no_error_and_loses_no_invalidation() {
    let (Some(redis), Some(mut mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;

    mongo.kill();
    // Redis answers all lookups, so only writes detect the outage.
    world.change_everything().await;
    let readers = world.readers();
    world.until_unavailable(MONGODB).await;
    world.overflow_the_log().await;
    world.assert_bounded().await;
    mongo.restart();
    world.until_available(MONGODB).await;

    readers.assert_all_answered().await;
    world.assert_no_outdated_value().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspended_mongodb_causes_no_error_and_loses_no_invalidation() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    mongo.freeze();
    world.change_everything().await;
    world.until_unavailable(MONGODB).await;
    world.assert_bounded().await;
    mongo.thaw();
    world.until_available(MONGODB).await;

    readers.assert_all_answered().await;
    world.assert_no_outdated_value().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stale_values_are_served_while_all_servers_and_the_source_are_down() {
    let (Some(mut redis), Some(mut mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    redis.kill();
    mongo.kill();
    world.source.set_down(true);
    world.until_unavailable(REDIS).await;
    world.until_unavailable(MONGODB).await;
    world.assert_no_delay(REDIS).await;
    world.assert_no_delay(MONGODB).await;
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
async fn memory_and_source_are_sufficient_without_redis_and_mongodb() {
    let (Some(mut redis), Some(mut mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let world = World::new(&redis, &mongo).await;
    let readers = world.readers();

    redis.kill();
    mongo.kill();
    world.until_unavailable(REDIS).await;
    world.until_unavailable(MONGODB).await;
    world.assert_no_delay(REDIS).await;
    world.assert_no_delay(MONGODB).await;
    world.change_everything().await;
    world.overflow_the_log().await;
    world.assert_bounded().await;
    redis.restart();
    mongo.restart();
    world.until_available(REDIS).await;
    world.until_available(MONGODB).await;

    readers.assert_all_answered().await;
    world.assert_no_outdated_value().await;
}
