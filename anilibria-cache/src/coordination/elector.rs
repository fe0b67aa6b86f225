//! Stands for an office, and keeps it once it is won.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::Election;
use crate::{Error, Lease};

/// So many times in a term the office is asked for.
const TRIES_IN_A_TERM: u32 = 4;

/// A holder that cannot prolong its term regards it as over by this part of it too early, for clocks that differ in speed.
const MARGIN: u32 = 10;

/// Stands for an office in an [`Election`] for as long as it lives, so that among all who do one has it.
///
/// What it wins is prolonged in the background, four times in a term. When that fails for so long that another instance
/// may take over, the office is regarded as lost, before the term is over, whether or not anybody can be asked: two
/// instances do not hold it at once, as long as the election does not lose its data. A process that was stopped in the
/// middle of its work may go on with it a moment too long all the same. Where that matters, what it writes to should
/// refuse a [token](Self::token) that is smaller than one it has seen.
///
/// Dropped, it leaves the office to run out; [`resign`](Self::resign) makes way at once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use anilibria_cache::coordination::{Elector, LocalElection};
/// use std::time::Duration;
///
/// let election = LocalElection::new();
/// let elector = Elector::stand(election, "sync", Duration::from_secs(10));
///
/// let mut office = elector.watch();
/// let token = *office.wait_for(Option::is_some).await.unwrap();
///
/// assert_eq!(elector.token(), token);
/// elector.resign().await;
/// # }
/// ```
#[derive(Debug)]
pub struct Elector {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    election: Box<dyn Election>,
    office: String,
    candidate: Lease,
    term: Duration,
    token: watch::Sender<Option<u64>>,
    /// Until when the token is good.
    until: Mutex<Instant>,
}

impl Elector {
    /// Stands for `office` from now on, for terms of `term`, which is at least 100 ms: a second to ten are usual. After
    /// a holder that died it takes up to a term and a quarter until there is another.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn stand(election: impl Election, office: impl Into<String>, term: Duration) -> Self {
        let shared = Arc::new(Shared {
            election: Box::new(election),
            office: office.into(),
            candidate: Lease::new(),
            term: term.max(Duration::from_millis(100)),
            token: watch::Sender::new(None),
            until: Mutex::new(Instant::now()),
        });
        let task = tokio::spawn(run(Arc::clone(&shared)));
        Self { shared, task }
    }

    /// The token of the office if it is held at this moment, which is greater than those of all who held it before.
    pub fn token(&self) -> Option<u64> {
        // Looks at the clock: the process may have been stopped, and the task has yet to find out.
        let token = *self.shared.token.borrow();
        token.filter(|_| self.shared.until() > Instant::now())
    }

    /// Whether the office is held at this moment.
    pub fn is_elected(&self) -> bool {
        self.token().is_some()
    }

    /// Tells when the office is won, with which [token](Self::token), and when it is lost. It outlives the elector,
    /// whose end is an error of `changed`.
    pub fn watch(&self) -> watch::Receiver<Option<u64>> {
        self.shared.token.subscribe()
    }

    /// Stands no longer, and makes way for the others at once instead of at the end of the term, if the election can be
    /// reached within a quarter of a term.
    pub async fn resign(mut self) {
        self.task.abort();
        // What it was about to ask must not come after the office was given back.
        let _ = (&mut self.task).await;
        let held = self.shared.token.send_replace(None).is_some();
        let Shared { election, office, candidate, .. } = &*self.shared;
        let resigned = timeout(self.shared.pause(), election.resign(office, candidate)).await;
        if held && !matches!(resigned, Ok(Ok(()))) {
            tracing::warn!(
                office,
                election = election.name(),
                "could not give the office back; it will run out"
            );
        }
    }
}

impl Drop for Elector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.token.send_replace(None);
    }
}

impl Shared {
    fn until(&self) -> Instant {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time between two tries.
    fn pause(&self) -> Duration {
        self.term / TRIES_IN_A_TERM
    }

    /// When to try again, or to find that the term is over, after a try at `asked`.
    fn next(&self, asked: Instant) -> Instant {
        let next = asked + self.pause();
        if self.token.borrow().is_some() { next.min(self.until()) } else { next }
    }

    /// Takes in the answer to a question that was asked at `asked`. The term began later: it is over no earlier than
    /// this counts.
    fn answered(&self, asked: Instant, token: Option<u64>) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = asked + self.term - self.term / MARGIN;
        let changed = self.token.send_if_modified(|known| {
            let changed = *known != token;
            *known = token;
            changed
        });
        if changed {
            tracing::info!(office = self.office, token, "the office has changed hands");
        }
    }

    /// Lets go of what has run out.
    fn expire(&self) {
        let is_over = self.until() <= Instant::now();
        if self.token.send_if_modified(|token| is_over && token.take().is_some()) {
            tracing::warn!(office = self.office, "the office could not be prolonged in time");
        }
    }
}

/// Asks for the office until it is aborted.
async fn run(shared: Arc<Shared>) {
    let mut is_failing = false;
    loop {
        let asked = Instant::now();
        let hold = shared.election.hold(&shared.office, &shared.candidate, shared.term);
        let failure = match timeout_at(shared.next(asked), hold).await {
            Ok(Ok(token)) => {
                shared.answered(asked, token);
                None
            }
            Ok(Err(error)) => Some(error),
            Err(_) => Some(Error::unavailable(shared.election.name(), "no answer in time")),
        };
        if let Some(error) = failure.as_ref().filter(|_| !is_failing) {
            tracing::warn!(office = shared.office, %error, "cannot stand for the office, trying on");
        }
        is_failing = failure.is_some();
        shared.expire();
        sleep_until(shared.next(asked)).await;
        shared.expire();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("election", &self.election.name())
            .field("office", &self.office)
            .field("token", &*self.token.borrow())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
