//! Elections between instances.

use std::time::Duration;

use anilibria_cache::{
    Lease,
    coordination::{Election, Elector, RedisElection},
};
use test_services::RedisServer;

use super::{redis, soon, until};

const TERM: Duration = Duration::from_millis(500);

fn election(server: &RedisServer) -> RedisElection {
    redis(server).build().unwrap().election()
}

fn stand(server: &RedisServer) -> Elector {
    Elector::stand(election(server), "office", TERM)
}

async fn won(elector: &Elector) -> u64 {
    let mut office = elector.watch();
    soon(office.wait_for(Option::is_some)).await.unwrap().unwrap()
}

async fn lost(elector: &Elector) {
    soon(elector.watch().wait_for(Option::is_none)).await.unwrap();
}

#[tokio::test]
async fn holder_prolongs_its_term_and_each_next_one_has_a_greater_token() {
    let Some(server) = RedisServer::start() else { return };
    let election = election(&server);
    let (one, other, term) = (Lease::new(), Lease::new(), Duration::from_mins(1));
    let hold = async |candidate| election.hold("office", candidate, term).await.unwrap();

    let first = hold(&one).await.unwrap();
    let (prolonged, refused) = (hold(&one).await, hold(&other).await);
    election.resign("office", &other).await.unwrap();
    let still_refused = hold(&other).await;
    election.resign("office", &one).await.unwrap();
    let next = hold(&other).await.unwrap();

    assert_eq!((prolonged, refused, still_refused), (Some(first), None, None));
    assert!(next > first, "{next} after {first}");
}

#[tokio::test]
async fn term_that_is_not_prolonged_runs_out() {
    let Some(server) = RedisServer::start() else { return };
    let election = election(&server);
    let first = election.hold("office", &Lease::new(), Duration::from_millis(1)).await.unwrap().unwrap();
    let other = Lease::new();

    until(async || election.hold("office", &other, TERM).await.unwrap().is_some()).await;

    assert!(election.hold("office", &other, TERM).await.unwrap() > Some(first));
}

#[tokio::test]
async fn holder_that_disappears_is_followed() {
    let Some(server) = RedisServer::start() else { return };
    let one = stand(&server);
    let first = won(&one).await;
    let other = stand(&server);

    // Nothing is given back, as when the process is killed.
    drop(one);

    assert!(won(&other).await > first);
}

#[tokio::test]
async fn frozen_redis_costs_the_office_and_gives_it_again() {
    let Some(server) = RedisServer::start() else { return };
    let elector = stand(&server);
    let first = won(&elector).await;

    server.freeze();
    lost(&elector).await;
    let held_meanwhile = elector.is_elected();
    server.thaw();

    assert!(!held_meanwhile);
    assert!(won(&elector).await >= first);
}

#[tokio::test]
async fn killed_redis_costs_the_office_and_a_new_one_gives_a_greater_token() {
    let Some(mut server) = RedisServer::start() else { return };
    let elector = stand(&server);
    let first = won(&elector).await;

    server.kill();
    lost(&elector).await;
    server.restart();

    assert!(won(&elector).await > first);
}

#[tokio::test]
async fn lost_data_does_not_bring_old_tokens_back() {
    let Some(server) = RedisServer::start() else { return };
    let election = election(&server);
    let first = election.hold("office", &Lease::new(), TERM).await.unwrap();

    server.flush();
    let second = election.hold("office", &Lease::new(), TERM).await.unwrap();

    // Of the same millisecond they may be equal.
    assert!(second >= first && second.is_some());
}

#[tokio::test]
async fn entries_and_offices_do_not_meet() {
    let Some(server) = RedisServer::start() else { return };
    let elector = stand(&server);
    won(&elector).await;

    let keys = server.cli(&["KEYS", "*"]);

    assert_eq!(keys, "test:#office:office");
}
