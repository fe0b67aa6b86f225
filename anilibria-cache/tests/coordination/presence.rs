//! Presence: members that disappear with their instance.

use std::{collections::BTreeSet, time::Duration};

use anilibria_cache::coordination::RedisPresence;
use test_services::RedisServer;

use crate::{redis, until};

const KEY: &str = "room:7:users";

fn presence(server: &RedisServer, ttl: Duration) -> RedisPresence {
    redis(server).build().unwrap().presence(ttl)
}

fn members(server: &RedisServer) -> BTreeSet<String> {
    server.cli(&["SMEMBERS", KEY]).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[tokio::test]
async fn each_instance_sets_only_its_own_members() {
    let Some(server) = RedisServer::start() else { return };
    let (one, two) = (presence(&server, Duration::from_mins(1)), presence(&server, Duration::from_mins(1)));
    for presence in [&one, &two] {
        presence.heartbeat().await.unwrap();
        presence.set_members(KEY, [1, 2]).await.unwrap();
    }
    assert_eq!(members(&server).len(), 4);

    one.set_members(KEY, [2]).await.unwrap();
    two.set_members(KEY, []).await.unwrap();

    assert_eq!(members(&server), BTreeSet::from([format!("{}:2", one.instance_id())]));
}

#[tokio::test]
async fn members_of_a_dead_instance_are_removed() {
    let Some(server) = RedisServer::start() else { return };
    let (one, two) = (presence(&server, Duration::from_mins(1)), presence(&server, Duration::from_mins(1)));
    two.heartbeat().await.unwrap();
    // This instance has sent no heartbeat.
    one.set_members(KEY, [1]).await.unwrap();
    assert_eq!(members(&server).len(), 1);

    two.set_members(KEY, [1]).await.unwrap();

    assert_eq!(members(&server), BTreeSet::from([format!("{}:1", two.instance_id())]));
}

#[tokio::test]
async fn set_that_no_instance_refreshes_expires() {
    let Some(server) = RedisServer::start() else { return };
    let presence = presence(&server, Duration::from_secs(1));

    presence.set_members(KEY, [1]).await.unwrap();

    until(async || members(&server).is_empty()).await;
}
