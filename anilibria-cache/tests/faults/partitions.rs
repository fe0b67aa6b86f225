//! Two instances, of which one cannot reach a server.

use std::time::Duration;

use test_services::{MongoServer, RedisServer};

use super::{
    proxy::Proxy,
    source::{KEYS, Source, version_of},
    until,
    world::{MONGODB, REDIS, World, until_no_outdated_value},
};

const NEAR: Duration = Duration::from_hours(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copy_of_an_outdated_value_is_revoked_from_nearer_levels() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let (proxy, source) = (Proxy::to(mongo.port()).await, Source::default());
    let partitioned = World::instance(&redis.url(), &proxy.mongodb(), &source, NEAR).await;
    let connected = World::instance(&redis.url(), &mongo.uri(), &source, NEAR).await;
    for number in 0..KEYS {
        partitioned.get(number).await.unwrap();
        // The other instance must not load the value itself: an instance revokes its own recent writes on every
        // level.
        until("it is on every level", async || partitioned.is_stored(number).await).await;
        connected.get(number).await.unwrap();
    }

    proxy.block();
    for number in 0..KEYS {
        partitioned.change(number, 2).await;
    }
    partitioned.until_unavailable(MONGODB).await;
    source.set_down(true);
    for number in 0..KEYS {
        // Only MongoDB has the value, and it is outdated.
        until("it is copied", async || connected.get(number).await.is_ok()).await;
        let copied = partitioned.get(number).await.unwrap();
        assert_eq!(version_of(copied.entry(), number), 0);
    }
    source.set_down(false);
    proxy.unblock();
    partitioned.until_available(MONGODB).await;

    until_no_outdated_value([&partitioned, &connected]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_that_ends_after_an_unreceived_change_leaves_no_outdated_value() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let (proxy, source) = (Proxy::to(redis.port()).await, Source::default());
    let connected = World::instance(&redis.url(), &mongo.uri(), &source, NEAR).await;
    let partitioned = World::instance(&proxy.redis(), &mongo.uri(), &source, NEAR).await;

    for number in 0..4 {
        partitioned.change(number, 2).await;
        proxy.block();
        partitioned.until_unavailable(REDIS).await;
        let loads = source.loads();
        source.set_holding(true);
        let load = partitioned.begin_get(number);
        until("it is loaded", async || source.loads() > loads).await;
        connected.change(number, 0).await;
        source.set_holding(false);
        load.await.unwrap().unwrap();
        proxy.unblock();
        partitioned.until_available(REDIS).await;

        until_no_outdated_value([&connected, &partitioned]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delayed_write_does_not_replace_a_newer_value_of_another_instance() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let (proxy, source) = (Proxy::to(redis.port()).await, Source::default());
    let connected = World::instance(&redis.url(), &mongo.uri(), &source, NEAR).await;
    let partitioned = World::instance(&proxy.redis(), &mongo.uri(), &source, NEAR).await;

    for _ in 0..4 {
        partitioned.change_everything().await;
        proxy.block();
        partitioned.until_unavailable(REDIS).await;
        for number in 0..KEYS {
            partitioned.get(number).await.unwrap();
        }
        connected.change_everything().await;
        proxy.unblock();
        partitioned.until_available(REDIS).await;

        until_no_outdated_value([&connected, &partitioned]).await;
    }
}
