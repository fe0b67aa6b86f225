//! Events on several instances that share Redis.

use std::{collections::BTreeSet, process::Command};

use serde_json::{Value, json};
use test_services::RedisServer;

use crate::{
    socket::{Socket, publish_episode, wait_for_watcher},
    support::{Service, eventually},
};

/// Starts an instance that reads from `upstream` and shares `redis`. The first instance becomes the leader.
pub(crate) fn start(upstream: &Service, redis: &RedisServer) -> Service {
    let url = redis.url();
    let variables = [("REDIS_URL", &*url), ("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")];
    Service::reading_from(upstream, &variables)
}

/// Starts an instance like [`start`] and waits for its watcher.
pub(crate) async fn start_watcher(upstream: &Service, redis: &RedisServer) -> Service {
    let service = start(upstream, redis);
    wait_for_watcher(&service).await;
    service
}

async fn follow(service: &Service, title_id: u32) -> Socket {
    let mut socket = Socket::open(service).await;
    socket.request("subscribe_title", json!({"title_id": title_id})).await;
    socket
}

#[tokio::test]
async fn event_reaches_clients_of_every_instance_once() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let (one, two) = (start_watcher(&upstream, &redis).await, start(&upstream, &redis));
    let mut sockets = [follow(&one, 7).await, follow(&two, 7).await];

    let mut received: Vec<Vec<Value>> = vec![Vec::new(); 2];
    for _ in 0..3 {
        publish_episode(&upstream, 7).await;
        for (socket, received) in sockets.iter_mut().zip(&mut received) {
            received.push(socket.wait_for("new_episode").await["data"].clone());
        }
    }

    assert_eq!(received[0], received[1]);
    assert!(received[0].is_sorted_by(|one, next| one["event_id"].as_str() < next["event_id"].as_str()));
    let episodes: Vec<_> = received[0].iter().map(|data| data["episode"].as_f64().unwrap()).collect();
    assert!(episodes.is_sorted_by(|one, next| (next - one - 1.0).abs() < 0.1), "{episodes:?}");
    let key = format!("anilibria:event:new_episode:7:{}", episodes[0]);
    assert_eq!(redis.cli(&["EXISTS", &key]), "1");
}

#[tokio::test]
async fn no_event_is_lost_while_redis_restarts() {
    let Some(redis) = RedisServer::options().persistent().start() else { return };
    check_outage_of_redis(redis).await;
}

#[tokio::test]
async fn no_event_is_lost_when_redis_restarts_empty() {
    let Some(redis) = RedisServer::start() else { return };
    check_outage_of_redis(redis).await;
}

/// Restarts Redis and checks that events of the outage are published.
async fn check_outage_of_redis(mut redis: RedisServer) {
    let upstream = Service::upstream();
    let (one, two) = (start_watcher(&upstream, &redis).await, start(&upstream, &redis));
    let mut sockets = [follow(&one, 7).await, follow(&two, 7).await];
    publish_episode(&upstream, 7).await;
    for socket in &mut sockets {
        socket.wait_for("new_episode").await;
    }
    eventually("the follower", async || two.printed().contains("standing by").then_some(())).await;

    redis.kill();
    let missed = [publish_episode(&upstream, 7).await, publish_episode(&upstream, 7).await];
    redis.restart();

    for socket in &mut sockets {
        for episode in &missed {
            // If Redis lost its data, earlier episodes can be published again.
            while socket.wait_for("new_episode").await["data"]["episode"].as_f64()
                != episode["ordinal"].as_f64()
            {}
        }
    }
}

#[tokio::test]
async fn events_without_a_running_instance_are_published_by_the_next() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let one = start_watcher(&upstream, &redis).await;
    let mut socket = follow(&one, 7).await;
    publish_episode(&upstream, 7).await;
    let first = socket.wait_for("new_episode").await["data"]["event_id"].clone();
    one.kill();

    let episode = publish_episode(&upstream, 7).await;
    let two = start_watcher(&upstream, &redis).await;
    let mut socket = follow(&two, 7).await;
    socket.send_json("resume", json!({"last_event_id": first})).await;

    // The event arrives before or after the answer to `resume`.
    let event = socket.wait_for("new_episode").await;
    assert_eq!(event["data"]["episode"].as_f64(), episode["ordinal"].as_f64());
}

#[tokio::test]
async fn another_instance_becomes_leader_while_the_first_is_stopped() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let (one, two) = (start_watcher(&upstream, &redis).await, start(&upstream, &redis));
    let mut socket = follow(&two, 7).await;
    publish_episode(&upstream, 7).await;
    let mut received = vec![socket.wait_for("new_episode").await["data"]["episode"].as_f64().unwrap()];
    assert!(!two.printed().contains("polling AniLibria from"));

    // The stopped leader continues later and does not know that it lost the lease.
    signal(&one, "STOP");
    let second = publish_episode(&upstream, 7).await;
    received.push(socket.wait_for("new_episode").await["data"]["episode"].as_f64().unwrap());
    assert!(two.printed().contains("polling AniLibria from the saved cursor"));
    signal(&one, "CONT");
    let third = publish_episode(&upstream, 7).await;
    received.push(socket.wait_for("new_episode").await["data"]["episode"].as_f64().unwrap());

    assert_eq!(received[1..], [second["ordinal"].as_f64().unwrap(), third["ordinal"].as_f64().unwrap()]);
    let pong = socket.request("ping", json!({})).await;
    assert_eq!(pong, json!({"type": "pong", "data": {}}));
}

#[tokio::test]
async fn redis_contains_the_current_subscribers() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let (mut one, two) = (start(&upstream, &redis), start(&upstream, &redis));
    let members = async |count: usize| {
        eventually("the subscribers", async || {
            let members = redis.cli(&["SMEMBERS", "title:7:subscribers"]);
            let members: Vec<String> =
                members.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
            (members.len() == count).then_some(members)
        })
        .await
    };
    let mut first = follow(&one, 7).await;
    let second = follow(&one, 7).await;
    let third = follow(&two, 7).await;

    let three = members(3).await;
    let instances: BTreeSet<_> = three.iter().filter_map(|member| member.split(':').next()).collect();
    assert_eq!(instances.len(), 2, "{three:?}");
    first.request("unsubscribe_title", json!({"title_id": 7})).await;
    members(2).await;
    drop(third);
    members(1).await;
    signal(&one, "TERM");
    drop((first, second));
    one.wait();
    members(0).await;

    let four = follow(&two, 7).await;
    // A subscriber of a killed instance.
    redis.cli(&["SADD", "title:7:subscribers", "dead:1"]);
    let five = follow(&two, 7).await;
    assert!(members(2).await.iter().all(|member| member != "dead:1"));
    drop((four, five));
}

fn signal(service: &Service, name: &str) {
    let command = format!("kill -{name} {}", service.id());
    assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
}
