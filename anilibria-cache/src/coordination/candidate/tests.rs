//! Campaigns under paused time.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures::future;

use super::*;
use crate::{coordination::LocalElection, error::Result};

const LEASE_TTL: Duration = Duration::from_secs(10);

/// A local election that can be made to fail, or never to answer.
#[derive(Clone, Default)]
struct FaultyElection {
    election: LocalElection,
    fails: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
}

impl FaultyElection {
    async fn pass(&self) -> Result<()> {
        if self.hangs.load(Ordering::SeqCst) {
            future::pending::<()>().await;
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err(Error::unavailable("faulty", "cut off"));
        }
        Ok(())
    }
}

#[async_trait]
impl Election for FaultyElection {
    fn name(&self) -> &'static str {
        "faulty"
    }

    async fn acquire_or_renew(
        &self,
        election: &str,
        candidate: CandidateId,
        lease_ttl: Duration,
    ) -> Result<Option<u64>> {
        self.pass().await?;
        self.election.acquire_or_renew(election, candidate, lease_ttl).await
    }

    async fn resign(&self, election: &str, candidate: CandidateId) -> Result<()> {
        self.pass().await?;
        self.election.resign(election, candidate).await
    }
}

/// Waits until `candidate` is leader and returns its fencing token.
async fn elected(candidate: &Candidate) -> u64 {
    candidate.watch().wait_for(Option::is_some).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_of_many_candidates_becomes_and_stays_leader() {
    let election = LocalElection::new();
    let candidates: Vec<_> =
        (0..10).map(|_| Candidate::campaign(election.clone(), "sync", LEASE_TTL)).collect();
    tokio::time::sleep(LEASE_TTL).await;
    let first: Vec<_> = candidates.iter().map(Candidate::fencing_token).collect();

    tokio::time::sleep(LEASE_TTL * 20).await;

    assert_eq!(first.iter().flatten().count(), 1, "{first:?}");
    assert_eq!(candidates.iter().map(Candidate::fencing_token).collect::<Vec<_>>(), first);
}

#[tokio::test(start_paused = true)]
async fn shared_candidate_resigns_with_its_last_reference() {
    let election = LocalElection::new();
    let one = Arc::new(Candidate::campaign(election.clone(), "sync", LEASE_TTL));
    elected(&one).await;
    let (first, last) = (Arc::clone(&one), one);

    first.resign_shared().await;
    assert!(last.is_leader());

    last.resign_shared().await;
    let started = Instant::now();
    elected(&Candidate::campaign(election, "sync", LEASE_TTL)).await;
    assert!(started.elapsed() < LEASE_TTL / 2, "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn resignation_ends_the_lease_before_it_expires() {
    let election = LocalElection::new();
    let one = Candidate::campaign(election.clone(), "sync", LEASE_TTL);
    let first = elected(&one).await;
    let other = Candidate::campaign(election, "sync", LEASE_TTL);
    let begin = Instant::now();

    one.resign().await;

    assert_eq!(elected(&other).await, first + 1);
    assert!(begin.elapsed() <= LEASE_TTL / ATTEMPTS_PER_TTL);
}

#[tokio::test(start_paused = true)]
async fn dropped_leader_is_replaced_after_its_lease_ttl() {
    let election = LocalElection::new();
    let one = Candidate::campaign(election.clone(), "sync", LEASE_TTL);
    let first = elected(&one).await;
    let (other, begin) = (Candidate::campaign(election, "sync", LEASE_TTL), Instant::now());

    drop(one);

    assert_eq!(elected(&other).await, first + 1);
    assert!(begin.elapsed() <= LEASE_TTL + LEASE_TTL / ATTEMPTS_PER_TTL);
}

#[tokio::test(start_paused = true)]
async fn disconnected_leader_stops_before_another_is_elected() {
    let cuts: [fn(&FaultyElection) -> Arc<AtomicBool>; 2] =
        [|faulty| Arc::clone(&faulty.fails), |faulty| Arc::clone(&faulty.hangs)];
    for cut in cuts {
        let faulty = FaultyElection::default();
        let one = Candidate::campaign(faulty.clone(), "sync", LEASE_TTL);
        let first = elected(&one).await;
        let other = Candidate::campaign(faulty.election.clone(), "sync", LEASE_TTL);
        let mut watch = one.watch();

        cut(&faulty).store(true, Ordering::SeqCst);
        let lost = *watch.wait_for(Option::is_none).await.unwrap();

        assert_eq!((lost, one.fencing_token(), other.fencing_token()), (None, None, None));
        assert_eq!(elected(&other).await, first + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn watch_of_a_dropped_candidate_shows_no_leadership() {
    let candidate = Candidate::campaign(LocalElection::new(), "sync", LEASE_TTL);
    let mut watch = candidate.watch();
    elected(&candidate).await;

    drop(candidate);
    while watch.changed().await.is_ok() {}

    assert_eq!(*watch.borrow(), None);
}

#[tokio::test(start_paused = true)]
async fn short_outage_does_not_end_leadership() {
    let faulty = FaultyElection::default();
    let candidate = Candidate::campaign(faulty.clone(), "sync", LEASE_TTL);
    let first = elected(&candidate).await;
    let mut watch = candidate.watch();
    watch.mark_unchanged();

    faulty.fails.store(true, Ordering::SeqCst);
    tokio::time::sleep(LEASE_TTL / 2).await;
    faulty.fails.store(false, Ordering::SeqCst);
    tokio::time::sleep(LEASE_TTL * 2).await;

    assert_eq!(candidate.fencing_token(), Some(first));
    assert!(!watch.has_changed().unwrap());
}

#[tokio::test(start_paused = true)]
async fn suspended_process_is_not_leader_after_its_lease_has_expired() {
    let candidate = Candidate::campaign(LocalElection::new(), "sync", LEASE_TTL);
    elected(&candidate).await;

    // Time passes while the task does not run, as during a suspension.
    tokio::time::advance(LEASE_TTL).await;

    assert_eq!(candidate.fencing_token(), None);
}

#[tokio::test(start_paused = true)]
async fn candidate_is_elected_after_the_election_was_unavailable() {
    let faulty = FaultyElection::default();
    faulty.fails.store(true, Ordering::SeqCst);
    let candidate = Candidate::campaign(faulty.clone(), "sync", LEASE_TTL);
    tokio::time::sleep(LEASE_TTL).await;
    assert!(!candidate.is_leader());

    faulty.fails.store(false, Ordering::SeqCst);

    elected(&candidate).await;
}
