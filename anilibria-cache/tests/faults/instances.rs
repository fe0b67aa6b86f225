//! Two instances of a cache, each with a memory level.

use std::time::{Duration, Instant};

use anilibria_cache::{BackplaneStats, Cache};
use futures::future::join_all;
use test_services::{MongoServer, RedisServer};

use super::{
    soon,
    source::{KEYS, Source, key, version_of},
    until,
    world::{MONGODB, REDIS, World, until_no_outdated_value},
};

/// TTL in memory: during a test, values are removed from memory only by a message of the other instance.
const NEAR: Duration = Duration::from_hours(1);

async fn pair(redis: &RedisServer, mongo: &MongoServer) -> [World; 2] {
    let source = Source::default();
    let pair = [
        World::instance(&redis.url(), &mongo.uri(), &source, NEAR).await,
        World::instance(&redis.url(), &mongo.uri(), &source, NEAR).await,
    ];
    for (one, other) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
        until("they hear each other", async || {
            // A cache subscribes to the backplane at its first call.
            soon(other.cache.expire("nothing")).await;
            soon(one.cache.expire("nothing")).await;
            backplane_stats(&other.cache).await.received > 0
        })
        .await;
    }
    pair
}

async fn backplane_stats(cache: &Cache) -> BackplaneStats {
    soon(cache.stats()).await.backplane.unwrap()
}

/// Returns the number of callers of both instances that waited for the load of another caller.
async fn coalesced(pair: &[World; 2]) -> u64 {
    soon(pair[0].cache.stats()).await.coalesced + soon(pair[1].cache.stats()).await.coalesced
}

/// Returns the numbers of messages that each instance has sent and received.
async fn counts(pair: &[World; 2]) -> [(u64, u64); 2] {
    let [one, other] = [backplane_stats(&pair[0].cache).await, backplane_stats(&pair[1].cache).await];
    [(one.sent, one.received), (other.sent, other.received)]
}

async fn version(world: &World, number: usize) -> u64 {
    version_of(world.get(number).await.unwrap().entry(), number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_one_instance_reach_the_other_without_lost_messages() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let pair = pair(&redis, &mongo).await;
    let (mut before, mut latencies) = ([(0, 0); 2], Vec::new());

    for round in 0..300 {
        if round == 2 {
            // Messages keep their order, so both instances have now received all earlier messages.
            before = counts(&pair).await;
        }
        let (writer, reader, number) = (&pair[round % 2], &pair[(round + 1) % 2], round % KEYS);
        version(writer, number).await;
        version(reader, number).await;
        // Each kind of invalidation by each instance.
        writer.change(number, round / 2).await;
        let changed = Instant::now();
        let newest = writer.source.version(number);
        let seen = async {
            while version(reader, number).await < newest {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        soon(seen).await;
        latencies.push(changed.elapsed());
        assert_eq!(version(writer, number).await, newest);
    }

    latencies.sort_unstable();
    println!(
        "seen after {:?}, p99 {:?}",
        latencies[latencies.len() / 2],
        latencies[latencies.len() * 99 / 100]
    );
    // More than the 149 changes of each: an instance revokes a value that it has just written to a shared level.
    until("each has received what the other has sent", async || {
        let after = counts(&pair).await;
        let [(sent, received), (other_sent, other_received)] =
            [0, 1].map(|one| (after[one].0 - before[one].0, after[one].1 - before[one].1));
        sent.min(other_sent) >= 149 && (sent, other_sent) == (other_received, received)
    })
    .await;
    for world in &pair {
        let told = backplane_stats(&world.cache).await;
        assert_eq!((told.resyncs, told.failures, told.waiting), (0, 0, 0));
    }
    until_no_outdated_value(&pair).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_during_a_redis_outage_leave_no_outdated_value() {
    let redis = RedisServer::options().persistent().start();
    let (Some(mut redis), Some(mongo)) = (redis, MongoServer::start()) else { return };
    let pair = pair(&redis, &mongo).await;
    let readers = [pair[0].readers(), pair[1].readers()];

    for outage in 0..4 {
        redis.kill();
        for number in 0..KEYS {
            pair[(number + outage) % 2].change(number, number / 2 + outage).await;
        }
        redis.restart();
        pair[0].until_available(REDIS).await;
        pair[1].until_available(REDIS).await;
        until_no_outdated_value(&pair).await;
    }

    for readers in readers {
        readers.assert_all_answered().await;
    }
    for world in &pair {
        world.assert_no_outdated_value().await;
        world.assert_bounded().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_during_a_mongodb_outage_leave_no_outdated_value() {
    let (Some(redis), Some(mut mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let pair = pair(&redis, &mongo).await;
    let readers = [pair[0].readers(), pair[1].readers()];

    for outage in 0..2 {
        mongo.kill();
        for number in 0..KEYS {
            pair[(number + outage) % 2].change(number, number / 2 + outage).await;
        }
        mongo.restart();
        pair[0].until_available(MONGODB).await;
        pair[1].until_available(MONGODB).await;
        until_no_outdated_value(&pair).await;
    }

    for readers in readers {
        readers.assert_all_answered().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_callers_on_two_instances_load_a_key_once() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let pair = pair(&redis, &mongo).await;

    for number in 0..KEYS {
        let before = (pair[0].source.loads(), coalesced(&pair).await);
        pair[0].source.set_holding(true);
        let calls: Vec<_> = (0..1_000).map(|caller| pair[caller % 2].begin_get(number)).collect();
        // One caller of each instance leads; the other 499 wait for it.
        until("every other caller waits", async || coalesced(&pair).await - before.1 == 998).await;
        pair[0].source.set_holding(false);

        for call in soon(join_all(calls)).await {
            assert_eq!(version_of(call.unwrap().unwrap().entry(), number), 0);
        }
        assert_eq!(pair[0].source.loads() - before.0, 1, "{}", key(number));
    }
}
