//! Clients hear of everything once and in order, whatever dies, stands still or is cut off meanwhile.

use std::time::{Duration, SystemTime};

use test_services::RedisServer;
use tokio::time::sleep;

use crate::{
    cluster::{Cluster, TITLES},
    fan::Fan,
};

/// Longer than an instance stays elected that cannot say that it lives.
const PAST_ITS_TERM: Duration = Duration::from_secs(7);

/// Shorter.
const WITHIN_ITS_TERM: Duration = Duration::from_secs(1);

#[tokio::test]
async fn clients_hear_of_everything_once_while_the_instance_that_watches_is_killed_again_and_again() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 3).await;

    // It looks once a second: it dies before it has seen what is new, while it tells that, or after.
    for moment in [0, 350, 700, 1050] {
        cluster.publish(4).await;
        sleep(Duration::from_millis(moment)).await;
        cluster.kill(cluster.leader().await);
        cluster.publish(2).await;
        cluster.add();
        cluster.leader().await;
        cluster.everybody_knows().await;
    }

    cluster.check().await;
}

#[tokio::test]
async fn clients_hear_of_everything_once_while_redis_is_killed_and_comes_back_with_its_data() {
    let Some(redis) = RedisServer::options().persistent().start() else { return };
    kill_redis(Cluster::start(redis, 3).await).await;
}

#[tokio::test]
async fn clients_hear_of_everything_once_while_redis_is_killed_and_comes_back_empty() {
    let Some(redis) = RedisServer::start() else { return };
    kill_redis(Cluster::start(redis, 3).await).await;
}

/// Kills Redis around what is published, for a moment and for long.
async fn kill_redis(mut cluster: Cluster) {
    for (moment, away) in
        [(0, WITHIN_ITS_TERM), (500, PAST_ITS_TERM), (950, WITHIN_ITS_TERM), (1100, PAST_ITS_TERM)]
    {
        cluster.publish(4).await;
        sleep(Duration::from_millis(moment)).await;
        cluster.redis.kill();
        cluster.publish(2).await;
        sleep(away).await;
        cluster.redis.restart();
        cluster.everybody_knows().await;
    }

    cluster.check().await;
}

#[tokio::test]
async fn clients_hear_of_everything_once_while_redis_stands_still() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 3).await;

    for (moment, still) in [(0, WITHIN_ITS_TERM), (500, PAST_ITS_TERM), (1000, PAST_ITS_TERM)] {
        cluster.publish(4).await;
        sleep(Duration::from_millis(moment)).await;
        cluster.redis.freeze();
        cluster.publish(2).await;
        sleep(still).await;
        cluster.redis.thaw();
        cluster.everybody_knows().await;
    }

    cluster.check().await;
}

#[tokio::test]
async fn clients_hear_of_everything_once_while_the_instance_that_watches_is_stopped_past_its_term() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 3).await;

    for moment in [0, 400, 800, 1000] {
        let leader = cluster.leader().await;
        cluster.publish(4).await;
        sleep(Duration::from_millis(moment)).await;
        cluster.signal(leader, "STOP");
        cluster.another_leader(leader).await;
        cluster.publish(2).await;
        // It goes on with whatever it was about to tell, and is refused.
        cluster.signal(leader, "CONT");
        cluster.everybody_knows().await;
    }

    cluster.check().await;
}

#[tokio::test]
async fn a_thousand_clients_that_come_back_at_once_get_what_they_have_missed() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::without_fans(redis, 1).await;
    for _ in 0..1000 {
        cluster.join(0);
    }
    cluster.warm_up().await;
    cluster.add();

    cluster.kill(0);
    cluster.publish(9).await;
    cluster.everybody_knows().await;

    cluster.check().await;
}

#[tokio::test]
async fn clients_of_every_instance_hear_of_an_episode_at_once() {
    let Some(redis) = RedisServer::start() else { return };
    let mut cluster = Cluster::start(redis, 3).await;
    let (mut whole, mut bus) = (Vec::new(), Vec::new());

    for _ in 0..10 {
        let began = SystemTime::now();
        cluster.publish(TITLES.len()).await;
        cluster.everybody_knows().await;
        for heard in cluster.fans.iter().flat_map(Fan::heard).filter(|heard| heard.at >= began) {
            let made = heard.id.split('-').next().and_then(|millis| millis.parse().ok()).unwrap();
            let made = SystemTime::UNIX_EPOCH + Duration::from_millis(made);
            whole.push(heard.at.duration_since(began).unwrap_or_default());
            bus.push(heard.at.duration_since(made).unwrap_or_default());
        }
    }

    for (what, mut times) in [("AniLibria", whole), ("the bus", bus)] {
        times.sort_unstable();
        let (half, most) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!("{} deliveries, from {what} to the client: p50 {half:.1?}, p99 {most:.1?}", times.len());
    }
    cluster.check().await;
}
