//! Elections between instances.

use std::time::Duration;

use anilibria_cache::coordination::{Candidate, CandidateId, Election, RedisElection};
use test_services::RedisServer;

use super::{redis, soon, until};

const LEASE_TTL: Duration = Duration::from_millis(500);

fn election(server: &RedisServer) -> RedisElection {
    redis(server).build().unwrap().election()
}

fn campaign(server: &RedisServer) -> Candidate {
    Candidate::campaign(election(server), "sync", LEASE_TTL)
}

/// Waits until `candidate` is leader and returns its fencing token.
async fn elected(candidate: &Candidate) -> u64 {
    let mut leadership = candidate.watch();
    soon(leadership.wait_for(Option::is_some)).await.unwrap().unwrap()
}

/// Waits until `candidate` is not leader.
async fn lost(candidate: &Candidate) {
    soon(candidate.watch().wait_for(Option::is_none)).await.unwrap();
}

#[tokio::test]
async fn leader_renews_its_lease_and_each_later_leader_has_a_greater_token() {
    let Some(server) = RedisServer::start() else { return };
    let election = election(&server);
    let (one, other, lease_ttl) = (CandidateId::new(), CandidateId::new(), Duration::from_mins(1));
    let acquire = async |candidate| election.acquire_or_renew("sync", candidate, lease_ttl).await.unwrap();

    let first = acquire(one).await.unwrap();
    let (renewed, refused) = (acquire(one).await, acquire(other).await);
    election.resign("sync", other).await.unwrap();
    let still_refused = acquire(other).await;
    election.resign("sync", one).await.unwrap();
    let next = acquire(other).await.unwrap();

    assert_eq!((renewed, refused, still_refused), (Some(first), None, None));
    assert!(next > first, "{next} after {first}");
}

#[tokio::test]
async fn lease_that_is_not_renewed_expires() {
    let Some(server) = RedisServer::start() else { return };
    let election = election(&server);
    let first = election
        .acquire_or_renew("sync", CandidateId::new(), Duration::from_millis(1))
        .await
        .unwrap()
        .unwrap();
    let other = CandidateId::new();

    until(async || election.acquire_or_renew("sync", other, LEASE_TTL).await.unwrap().is_some()).await;

    assert!(election.acquire_or_renew("sync", other, LEASE_TTL).await.unwrap() > Some(first));
}

#[tokio::test]
async fn leader_that_disappears_is_replaced() {
    let Some(server) = RedisServer::start() else { return };
    let one = campaign(&server);
    let first = elected(&one).await;
    let other = campaign(&server);

    // The lease is not ended, as when the process is killed.
    drop(one);

    assert!(elected(&other).await > first);
}

#[tokio::test]
async fn frozen_redis_ends_leadership_until_it_answers_again() {
    let Some(server) = RedisServer::start() else { return };
    let candidate = campaign(&server);
    let first = elected(&candidate).await;

    server.freeze();
    lost(&candidate).await;
    let was_leader = candidate.is_leader();
    server.thaw();

    assert!(!was_leader);
    assert!(elected(&candidate).await >= first);
}

#[tokio::test]
async fn killed_redis_ends_leadership_and_a_new_one_issues_a_greater_token() {
    let Some(mut server) = RedisServer::start() else { return };
    let candidate = campaign(&server);
    let first = elected(&candidate).await;

    server.kill();
    lost(&candidate).await;
    server.restart();

    assert!(elected(&candidate).await > first);
}

#[tokio::test]
async fn lost_data_does_not_restart_the_tokens() {
    let Some(server) = RedisServer::start() else { return };
    let election = election(&server);
    let first = election.acquire_or_renew("sync", CandidateId::new(), LEASE_TTL).await.unwrap();

    server.flush();
    let second = election.acquire_or_renew("sync", CandidateId::new(), LEASE_TTL).await.unwrap();

    // Tokens of the same millisecond may be equal.
    assert!(second >= first && second.is_some());
}

#[tokio::test]
async fn leases_have_keys_that_no_entry_can_have() {
    let Some(server) = RedisServer::start() else { return };
    let candidate = campaign(&server);
    elected(&candidate).await;

    let keys = server.cli(&["KEYS", "*"]);

    assert_eq!(keys, "test:#office:sync");
}
