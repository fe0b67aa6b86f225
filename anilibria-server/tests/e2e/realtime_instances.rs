//! Events over several instances that share Redis.

use std::{collections::BTreeSet, process::Command};

use serde_json::{Value, json};
use test_services::RedisServer;

use crate::{
    socket::{Socket, publish_episode, watching},
    support::{Service, eventually},
};

/// Starts an instance that reads from `upstream` and shares `redis`. The first one watches.
pub(crate) fn start(upstream: &Service, redis: &RedisServer) -> Service {
    let url = redis.url();
    let variables = [("REDIS_URL", &*url), ("EVENTS_ENABLED", "true"), ("SYNC_INTERVAL_SECONDS", "1")];
    Service::reading_from(upstream, &variables)
}

/// Starts one and waits until it watches.
pub(crate) async fn watcher(upstream: &Service, redis: &RedisServer) -> Service {
    let service = start(upstream, redis);
    watching(&service).await;
    service
}

async fn following(service: &Service, title_id: u32) -> Socket {
    let mut socket = Socket::open(service).await;
    socket.ask("subscribe_title", json!({"title_id": title_id})).await;
    socket
}

#[tokio::test]
async fn event_reaches_clients_of_every_instance_once() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let (one, two) = (watcher(&upstream, &redis).await, start(&upstream, &redis));
    let mut sockets = [following(&one, 7).await, following(&two, 7).await];

    let mut heard: Vec<Vec<Value>> = vec![Vec::new(); 2];
    for _ in 0..3 {
        publish_episode(&upstream, 7).await;
        for (socket, heard) in sockets.iter_mut().zip(&mut heard) {
            heard.push(socket.hear_of("new_episode").await["data"].clone());
        }
    }

    assert_eq!(heard[0], heard[1]);
    assert!(heard[0].is_sorted_by(|one, next| one["event_id"].as_str() < next["event_id"].as_str()));
    let episodes: Vec<_> = heard[0].iter().map(|data| data["episode"].as_f64().unwrap()).collect();
    assert!(episodes.is_sorted_by(|one, next| (next - one - 1.0).abs() < 0.1), "{episodes:?}");
    let key = format!("anilibria:event:new_episode:7:{}", episodes[0]);
    assert_eq!(redis.cli(&["EXISTS", &key]), "1");
}

#[tokio::test]
async fn no_event_is_lost_while_redis_is_away() {
    let Some(redis) = RedisServer::options().persistent().start() else { return };
    events_outlive(redis).await;
}

#[tokio::test]
async fn no_event_is_lost_when_redis_comes_back_with_nothing() {
    let Some(redis) = RedisServer::start() else { return };
    events_outlive(redis).await;
}

/// Ends and starts Redis, and looks whether what came out meanwhile is told.
async fn events_outlive(mut redis: RedisServer) {
    let upstream = Service::upstream();
    let (one, two) = (watcher(&upstream, &redis).await, start(&upstream, &redis));
    let mut sockets = [following(&one, 7).await, following(&two, 7).await];
    publish_episode(&upstream, 7).await;
    for socket in &mut sockets {
        socket.hear_of("new_episode").await;
    }
    eventually("the other one", async || two.printed().contains("standing by").then_some(())).await;

    redis.kill();
    let missed = [publish_episode(&upstream, 7).await, publish_episode(&upstream, 7).await];
    redis.restart();

    for socket in &mut sockets {
        for episode in &missed {
            // With what Redis has forgotten, an earlier one may be told again.
            while socket.hear_of("new_episode").await["data"]["episode"].as_f64()
                != episode["ordinal"].as_f64()
            {}
        }
    }
}

#[tokio::test]
async fn what_comes_out_while_no_instance_runs_is_told_by_the_next() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let one = watcher(&upstream, &redis).await;
    let mut socket = following(&one, 7).await;
    publish_episode(&upstream, 7).await;
    let first = socket.hear_of("new_episode").await["data"]["event_id"].clone();
    one.kill();

    let episode = publish_episode(&upstream, 7).await;
    let two = watcher(&upstream, &redis).await;
    let mut socket = following(&two, 7).await;
    socket.say("resume", json!({"last_event_id": first})).await;

    // Be it before or after the answer.
    let told = socket.hear_of("new_episode").await;
    assert_eq!(told["data"]["episode"].as_f64(), episode["ordinal"].as_f64());
}

#[tokio::test]
async fn another_instance_watches_when_the_one_that_did_dies_or_is_stopped_for_a_while() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let (one, two) = (watcher(&upstream, &redis).await, start(&upstream, &redis));
    let mut socket = following(&two, 7).await;
    publish_episode(&upstream, 7).await;
    let mut heard = vec![socket.hear_of("new_episode").await["data"]["episode"].as_f64().unwrap()];
    assert!(!two.printed().contains("polling AniLibria from"));

    // Stopped, not ended: it wakes up later and still believes that it is the one.
    signal(&one, "STOP");
    let second = publish_episode(&upstream, 7).await;
    heard.push(socket.hear_of("new_episode").await["data"]["episode"].as_f64().unwrap());
    assert!(two.printed().contains("polling AniLibria from the saved cursor"));
    signal(&one, "CONT");
    let third = publish_episode(&upstream, 7).await;
    heard.push(socket.hear_of("new_episode").await["data"]["episode"].as_f64().unwrap());

    assert_eq!(heard[1..], [second["ordinal"].as_f64().unwrap(), third["ordinal"].as_f64().unwrap()]);
    let pong = socket.ask("ping", json!({})).await;
    assert_eq!(pong, json!({"type": "pong", "data": {}}));
}

#[tokio::test]
async fn redis_knows_who_follows_what_as_long_as_somebody_does() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let (mut one, two) = (start(&upstream, &redis), start(&upstream, &redis));
    let members = async |count: usize| {
        eventually("the followers", async || {
            let members = redis.cli(&["SMEMBERS", "title:7:subscribers"]);
            let members: Vec<String> =
                members.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
            (members.len() == count).then_some(members)
        })
        .await
    };
    let mut first = following(&one, 7).await;
    let second = following(&one, 7).await;
    let third = following(&two, 7).await;

    let three = members(3).await;
    let instances: BTreeSet<_> = three.iter().filter_map(|member| member.split(':').next()).collect();
    assert_eq!(instances.len(), 2, "{three:?}");
    first.ask("unsubscribe_title", json!({"title_id": 7})).await;
    members(2).await;
    drop(third);
    members(1).await;
    signal(&one, "TERM");
    drop((first, second));
    one.wait();
    members(0).await;

    let four = following(&two, 7).await;
    // What an instance left behind that was killed.
    redis.cli(&["SADD", "title:7:subscribers", "dead:1"]);
    let five = following(&two, 7).await;
    assert!(members(2).await.iter().all(|member| member != "dead:1"));
    drop((four, five));
}

fn signal(service: &Service, name: &str) {
    let command = format!("kill -{name} {}", service.id());
    assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
}
