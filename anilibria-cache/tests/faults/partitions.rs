//! Two instances, of which one cannot reach a server.

use std::time::Duration;

use test_services::{MongoServer, RedisServer};

use super::{
    source::{KEYS, Source, version_of},
    until,
    way::Way,
    world::{MONGODB, REDIS, World, until_nothing_old},
};

const NEAR: Duration = Duration::from_hours(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_copied_from_a_level_before_it_was_told_is_taken_back_from_the_nearer_ones() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let (way, source) = (Way::to(mongo.port()).await, Source::default());
    let here = World::instance(&redis.url(), &way.mongodb(), &source, NEAR).await;
    let there = World::instance(&redis.url(), &mongo.uri(), &source, NEAR).await;
    for number in 0..KEYS {
        here.get(number).await.unwrap();
        // The other instance must not load the value itself: an instance takes its own recent writes back from every
        // level.
        until("it is on every level", async || here.is_stored(number).await).await;
        there.get(number).await.unwrap();
    }

    way.bar();
    for number in 0..KEYS {
        here.change(number, 2).await;
    }
    here.until_away(MONGODB).await;
    source.set_down(true);
    for number in 0..KEYS {
        // Only MongoDB has the value now, and it is the old one.
        until("it is copied", async || there.get(number).await.is_ok()).await;
        let copied = here.get(number).await.unwrap();
        assert_eq!(version_of(copied.entry(), number), 0);
    }
    source.set_down(false);
    way.clear();
    here.until_back(MONGODB).await;

    until_nothing_old([&here, &there]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_ends_after_a_change_it_could_not_hear_of_leaves_nothing_old() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let (way, source) = (Way::to(redis.port()).await, Source::default());
    let here = World::instance(&redis.url(), &mongo.uri(), &source, NEAR).await;
    let there = World::instance(&way.redis(), &mongo.uri(), &source, NEAR).await;

    for number in 0..4 {
        there.change(number, 2).await;
        way.bar();
        there.until_away(REDIS).await;
        let loads = source.loads();
        source.set_holding(true);
        let load = there.begin_get(number);
        until("it is loaded", async || source.loads() > loads).await;
        here.change(number, 0).await;
        source.set_holding(false);
        load.await.unwrap().unwrap();
        way.clear();
        there.until_back(REDIS).await;

        until_nothing_old([&here, &there]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waited_to_be_written_to_a_level_does_not_replace_what_others_changed_meanwhile() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let (way, source) = (Way::to(redis.port()).await, Source::default());
    let here = World::instance(&redis.url(), &mongo.uri(), &source, NEAR).await;
    let there = World::instance(&way.redis(), &mongo.uri(), &source, NEAR).await;

    for _ in 0..4 {
        there.change_everything().await;
        way.bar();
        there.until_away(REDIS).await;
        for number in 0..KEYS {
            there.get(number).await.unwrap();
        }
        here.change_everything().await;
        way.clear();
        there.until_back(REDIS).await;

        until_nothing_old([&here, &there]).await;
    }
}
