//! Faults of instances and of Redis: clients receive every event once and in order.

use std::time::{Duration, SystemTime};

use test_services::RedisServer;
use tokio::time::sleep;

use crate::{
    cluster::{Cluster, TITLES},
    listener::Listener,
};

/// A delay longer than the lease TTL.
const LONGER_THAN_LEASE: Duration = Duration::from_secs(7);

/// A delay shorter than the lease TTL.
const SHORTER_THAN_LEASE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn clients_receive_events_once_while_leaders_are_killed() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 3).await;

    // The leader polls once a second, so it is killed before, during or after the publication.
    for moment in [0, 350, 700, 1050] {
        cluster.publish(4).await;
        sleep(Duration::from_millis(moment)).await;
        cluster.kill(cluster.leader().await);
        cluster.publish(2).await;
        cluster.add();
        cluster.leader().await;
        cluster.wait_for_delivery().await;
    }

    cluster.assert_delivery().await;
}

#[tokio::test]
async fn clients_receive_events_once_while_redis_restarts_with_its_data() {
    let Some(redis) = RedisServer::options().persistent().start() else { return };
    kill_redis(Cluster::start(redis, 3).await).await;
}

#[tokio::test]
async fn clients_receive_events_once_while_redis_restarts_empty() {
    let Some(redis) = RedisServer::start() else { return };
    kill_redis(Cluster::start(redis, 3).await).await;
}

/// Kills Redis before, during and after publications, for a short and for a long time.
async fn kill_redis(mut cluster: Cluster) {
    for (moment, downtime) in [
        (0, SHORTER_THAN_LEASE),
        (500, LONGER_THAN_LEASE),
        (950, SHORTER_THAN_LEASE),
        (1100, LONGER_THAN_LEASE),
    ] {
        cluster.publish(4).await;
        sleep(Duration::from_millis(moment)).await;
        cluster.redis.kill();
        cluster.publish(2).await;
        sleep(downtime).await;
        cluster.redis.restart();
        cluster.wait_for_delivery().await;
    }

    cluster.assert_delivery().await;
}

#[tokio::test]
async fn clients_receive_events_once_while_redis_is_frozen() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 3).await;

    for (moment, downtime) in [(0, SHORTER_THAN_LEASE), (500, LONGER_THAN_LEASE), (1000, LONGER_THAN_LEASE)] {
        cluster.publish(4).await;
        sleep(Duration::from_millis(moment)).await;
        cluster.redis.freeze();
        cluster.publish(2).await;
        sleep(downtime).await;
        cluster.redis.thaw();
        cluster.wait_for_delivery().await;
    }

    cluster.assert_delivery().await;
}

#[tokio::test]
async fn clients_receive_events_once_while_leaders_are_stopped_beyond_the_lease() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 3).await;

    for moment in [0, 400, 800, 1000] {
        let leader = cluster.leader().await;
        cluster.publish(4).await;
        sleep(Duration::from_millis(moment)).await;
        cluster.signal(leader, "STOP");
        cluster.wait_for_other_leader(leader).await;
        cluster.publish(2).await;
        // The former leader continues its publication, which Redis refuses.
        cluster.signal(leader, "CONT");
        cluster.wait_for_delivery().await;
    }

    cluster.assert_delivery().await;
}

#[tokio::test]
async fn thousand_reconnecting_clients_receive_missed_events() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::without_listeners(redis, 1).await;
    for _ in 0..1000 {
        cluster.add_listener(0);
    }
    cluster.warm_up().await;
    cluster.add();

    cluster.kill(0);
    cluster.publish(9).await;
    cluster.wait_for_delivery().await;

    cluster.assert_delivery().await;
}

#[tokio::test]
async fn latency_of_events_is_measured_on_every_instance() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 3).await;
    let (mut total, mut bus) = (Vec::new(), Vec::new());

    for _ in 0..10 {
        let began = SystemTime::now();
        cluster.publish(TITLES.len()).await;
        cluster.wait_for_delivery().await;
        for event in cluster.listeners.iter().flat_map(Listener::received).filter(|event| event.at >= began) {
            let published = event.id.split('-').next().and_then(|millis| millis.parse().ok()).unwrap();
            let published = SystemTime::UNIX_EPOCH + Duration::from_millis(published);
            total.push(event.at.duration_since(began).unwrap_or_default());
            bus.push(event.at.duration_since(published).unwrap_or_default());
        }
    }

    for (what, mut times) in [("AniLibria", total), ("the bus", bus)] {
        times.sort_unstable();
        let (half, most) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!("{} deliveries, from {what} to the client: p50 {half:.1?}, p99 {most:.1?}", times.len());
    }
    cluster.assert_delivery().await;
}
