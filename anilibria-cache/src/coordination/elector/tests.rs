//! Time is the tests' own here: nothing waits.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures::future;

use super::*;
use crate::{Result, coordination::LocalElection};

const TERM: Duration = Duration::from_secs(10);

/// A local election that can be cut off: it then fails, or never answers.
#[derive(Clone, Default)]
struct Shaky {
    election: LocalElection,
    fails: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
}

impl Shaky {
    async fn pass(&self) -> Result<()> {
        if self.hangs.load(Ordering::SeqCst) {
            future::pending::<()>().await;
        }
        if self.fails.load(Ordering::SeqCst) {
            return Err(Error::unavailable("shaky", "cut off"));
        }
        Ok(())
    }
}

#[async_trait]
impl Election for Shaky {
    fn name(&self) -> &'static str {
        "shaky"
    }

    async fn hold(&self, office: &str, candidate: &Lease, term: Duration) -> Result<Option<u64>> {
        self.pass().await?;
        self.election.hold(office, candidate, term).await
    }

    async fn resign(&self, office: &str, candidate: &Lease) -> Result<()> {
        self.pass().await?;
        self.election.resign(office, candidate).await
    }
}

async fn won(elector: &Elector) -> u64 {
    elector.watch().wait_for(Option::is_some).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_of_many_is_elected_and_stays_so() {
    let election = LocalElection::new();
    let electors: Vec<_> = (0..10).map(|_| Elector::stand(election.clone(), "office", TERM)).collect();
    tokio::time::sleep(TERM).await;
    let first: Vec<_> = electors.iter().map(Elector::token).collect();

    tokio::time::sleep(TERM * 20).await;

    assert_eq!(first.iter().flatten().count(), 1, "{first:?}");
    assert_eq!(electors.iter().map(Elector::token).collect::<Vec<_>>(), first);
}

#[tokio::test(start_paused = true)]
async fn who_resigns_makes_way_before_the_term_is_over() {
    let election = LocalElection::new();
    let one = Elector::stand(election.clone(), "office", TERM);
    let first = won(&one).await;
    let other = Elector::stand(election, "office", TERM);
    let begin = Instant::now();

    one.resign().await;

    assert_eq!(won(&other).await, first + 1);
    assert!(begin.elapsed() <= TERM / TRIES_IN_A_TERM);
}

#[tokio::test(start_paused = true)]
async fn who_is_dropped_is_followed_after_its_term() {
    let election = LocalElection::new();
    let one = Elector::stand(election.clone(), "office", TERM);
    let first = won(&one).await;
    let (other, begin) = (Elector::stand(election, "office", TERM), Instant::now());

    drop(one);

    assert_eq!(won(&other).await, first + 1);
    assert!(begin.elapsed() <= TERM + TERM / TRIES_IN_A_TERM);
}

#[tokio::test(start_paused = true)]
async fn holder_that_is_cut_off_gives_up_before_another_is_elected() {
    let cuts: [fn(&Shaky) -> Arc<AtomicBool>; 2] =
        [|shaky| Arc::clone(&shaky.fails), |shaky| Arc::clone(&shaky.hangs)];
    for cut in cuts {
        let shaky = Shaky::default();
        let one = Elector::stand(shaky.clone(), "office", TERM);
        let first = won(&one).await;
        let other = Elector::stand(shaky.election.clone(), "office", TERM);
        let mut watch = one.watch();

        cut(&shaky).store(true, Ordering::SeqCst);
        let lost = *watch.wait_for(Option::is_none).await.unwrap();

        assert_eq!((lost, one.token(), other.token()), (None, None, None));
        assert_eq!(won(&other).await, first + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_told_of_an_office_whose_elector_is_gone() {
    let elector = Elector::stand(LocalElection::new(), "office", TERM);
    let mut watch = elector.watch();
    won(&elector).await;

    drop(elector);
    while watch.changed().await.is_ok() {}

    assert_eq!(*watch.borrow(), None);
}

#[tokio::test(start_paused = true)]
async fn short_break_is_not_noticed() {
    let shaky = Shaky::default();
    let elector = Elector::stand(shaky.clone(), "office", TERM);
    let first = won(&elector).await;
    let mut watch = elector.watch();
    watch.mark_unchanged();

    shaky.fails.store(true, Ordering::SeqCst);
    tokio::time::sleep(TERM / 2).await;
    shaky.fails.store(false, Ordering::SeqCst);
    tokio::time::sleep(TERM * 2).await;

    assert_eq!(elector.token(), Some(first));
    assert!(!watch.has_changed().unwrap());
}

#[tokio::test(start_paused = true)]
async fn stopped_process_does_not_hold_what_ran_out_meanwhile() {
    let elector = Elector::stand(LocalElection::new(), "office", TERM);
    won(&elector).await;

    // Time goes on and the task does not come to run, as after a stop.
    tokio::time::advance(TERM).await;

    assert_eq!(elector.token(), None);
}

#[tokio::test(start_paused = true)]
async fn who_could_not_ask_at_first_is_elected_later() {
    let shaky = Shaky::default();
    shaky.fails.store(true, Ordering::SeqCst);
    let elector = Elector::stand(shaky.clone(), "office", TERM);
    tokio::time::sleep(TERM).await;
    assert!(!elector.is_elected());

    shaky.fails.store(false, Ordering::SeqCst);

    won(&elector).await;
}
