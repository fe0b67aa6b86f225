//! Rosters: who is where, as long as their instance lives.

use std::{collections::BTreeSet, time::Duration};

use anilibria_cache::coordination::RedisRoster;
use test_services::RedisServer;

use crate::{redis, until};

const KEY: &str = "somewhere";

fn roster(server: &RedisServer, term: Duration) -> RedisRoster {
    redis(server).build().unwrap().roster(term)
}

fn members(server: &RedisServer) -> BTreeSet<String> {
    server.cli(&["SMEMBERS", KEY]).lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[tokio::test]
async fn each_instance_says_who_is_there_for_itself() {
    let Some(server) = RedisServer::start() else { return };
    let (one, two) = (roster(&server, Duration::from_mins(1)), roster(&server, Duration::from_mins(1)));
    for roster in [&one, &two] {
        roster.live().await.unwrap();
        roster.set(KEY, [1, 2]).await.unwrap();
    }
    assert_eq!(members(&server).len(), 4);

    one.set(KEY, [2]).await.unwrap();
    two.set(KEY, []).await.unwrap();

    assert_eq!(members(&server), BTreeSet::from([format!("{}:2", one.instance())]));
}

#[tokio::test]
async fn members_of_an_instance_that_died_go_with_it() {
    let Some(server) = RedisServer::start() else { return };
    let (one, two) = (roster(&server, Duration::from_mins(1)), roster(&server, Duration::from_mins(1)));
    two.live().await.unwrap();
    // It never said that it lives.
    one.set(KEY, [1]).await.unwrap();
    assert_eq!(members(&server).len(), 1);

    two.set(KEY, [1]).await.unwrap();

    assert_eq!(members(&server), BTreeSet::from([format!("{}:1", two.instance())]));
}

#[tokio::test]
async fn set_that_nobody_speaks_of_any_more_goes_as_a_whole() {
    let Some(server) = RedisServer::start() else { return };
    let roster = roster(&server, Duration::from_secs(1));

    roster.set(KEY, [1]).await.unwrap();

    until(async || members(&server).is_empty()).await;
}
