//! A candidate that campaigns for a leader lease and renews the lease.

use std::{
    error::Error as StdError,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::election::{CandidateId, Election};
use crate::error::Error;

/// Number of attempts to acquire or renew the lease within one lease TTL.
const ATTEMPTS_PER_TTL: u32 = 4;

/// Divisor of the lease TTL. A leader regards its lease as expired this part of the TTL too early, because clocks differ
/// in speed.
const SAFETY_MARGIN: u32 = 10;

/// Minimum lease TTL.
const MIN_LEASE_TTL: Duration = Duration::from_millis(100);

/// A candidate in an [`Election`]. Among all candidates of an election, one at a time is the leader.
///
/// A background task campaigns for the leader lease and renews it, four times per lease TTL. If the lease cannot be renewed,
/// the candidate stops being leader before the lease expires. It needs no answer of the election for that. So two instances
/// are not leader at the same time, provided that the election keeps its data.
///
/// A process that was suspended in the middle of an operation may still finish that operation after its lease has expired.
/// Where that matters, the resource that is written to should reject a [fencing token](Self::fencing_token) that is
/// smaller than the greatest one it has seen.
///
/// Dropping a candidate ends the campaign and lets its lease expire. [`resign`](Self::resign) ends the lease at once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use anilibria_cache::coordination::{Candidate, LocalElection};
/// use std::time::Duration;
///
/// let lease_ttl = Duration::from_secs(10);
/// let candidate = Candidate::campaign(LocalElection::new(), "sync", lease_ttl);
///
/// let mut leadership = candidate.watch();
/// let token = *leadership.wait_for(Option::is_some).await.unwrap();
///
/// assert!(candidate.is_leader());
/// assert_eq!(candidate.fencing_token(), token);
/// candidate.resign().await;
/// # }
/// ```
#[derive(Debug)]
pub struct Candidate {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    election: Box<dyn Election>,
    /// Name of the election.
    name: String,
    id: CandidateId,
    lease_ttl: Duration,
    fencing_token: watch::Sender<Option<u64>>,
    /// Moment at which the lease is regarded as expired.
    expires_at: Mutex<Instant>,
}

impl Candidate {
    /// Starts to campaign in the election `name`, with leases of `lease_ttl` (at least 100 ms; 1 s to 10 s are usual).
    /// After a leader has died, another candidate becomes leader within 1.25 times the lease TTL.
    ///
    /// # Panics
    ///
    /// Panics outside of a Tokio runtime.
    pub fn campaign(election: impl Election, name: impl Into<String>, lease_ttl: Duration) -> Self {
        let shared = Arc::new(Shared {
            election: Box::new(election),
            name: name.into(),
            id: CandidateId::new(),
            lease_ttl: lease_ttl.max(MIN_LEASE_TTL),
            fencing_token: watch::Sender::new(None),
            expires_at: Mutex::new(Instant::now()),
        });
        let task = tokio::spawn(run(Arc::clone(&shared)));
        Self { shared, task }
    }

    /// Returns the fencing token of the leader lease, or `None` if this candidate is not the leader now. The token is
    /// greater than the tokens of all leaders before.
    pub fn fencing_token(&self) -> Option<u64> {
        // The expiry is compared here, too: after a suspension of the process, the task may not have run yet.
        let token = *self.shared.fencing_token.borrow();
        token.filter(|_| self.shared.expires_at() > Instant::now())
    }

    /// Returns true if this candidate is the leader now.
    pub fn is_leader(&self) -> bool {
        self.fencing_token().is_some()
    }

    /// Returns a receiver of the [fencing token](Self::fencing_token): `Some` when this candidate becomes leader, `None`
    /// when it stops being leader. The receiver outlives the candidate; `changed` then returns an error.
    pub fn watch(&self) -> watch::Receiver<Option<u64>> {
        self.shared.fencing_token.subscribe()
    }

    /// Gives up one reference to a candidate that several tasks share. The last reference [resigns](Self::resign).
    pub async fn resign_shared(self: Arc<Self>) {
        if let Some(candidate) = Arc::into_inner(self) {
            candidate.resign().await;
        }
    }

    /// Ends the campaign and the lease, so that another candidate can become leader without waiting for the lease to
    /// expire. Gives up after a quarter of the lease TTL; the lease then expires.
    pub async fn resign(mut self) {
        self.task.abort();
        // A renewal in progress must not reach the election after the resignation.
        let _ = (&mut self.task).await;
        let was_leader = self.shared.fencing_token.send_replace(None).is_some();
        let Shared { election, name, id, .. } = &*self.shared;
        let resigned = timeout(self.shared.retry_interval(), election.resign(name, *id)).await;
        if was_leader && !matches!(resigned, Ok(Ok(()))) {
            tracing::warn!(
                election = name,
                backend = election.name(),
                "could not resign, the leader lease will expire"
            );
        }
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.fencing_token.send_replace(None);
    }
}

impl Shared {
    fn expires_at(&self) -> Instant {
        *self.expires_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the interval between two attempts.
    fn retry_interval(&self) -> Duration {
        self.lease_ttl / ATTEMPTS_PER_TTL
    }

    /// Returns the moment of the next attempt after one that began at `started_at`, or the expiry of the lease if that is
    /// earlier.
    fn next_attempt(&self, started_at: Instant) -> Instant {
        let next = started_at + self.retry_interval();
        if self.fencing_token.borrow().is_some() { next.min(self.expires_at()) } else { next }
    }

    /// Records the answer to an attempt that began at `started_at`. The election counts the lease TTL from a later moment,
    /// so the lease does not expire there before it is regarded as expired here.
    fn record(&self, started_at: Instant, token: Option<u64>) {
        *self.expires_at.lock().unwrap_or_else(PoisonError::into_inner) =
            started_at + self.lease_ttl - self.lease_ttl / SAFETY_MARGIN;
        let has_changed = self.fencing_token.send_if_modified(|known| {
            let has_changed = *known != token;
            *known = token;
            has_changed
        });
        match token {
            Some(token) if has_changed => {
                tracing::info!(election = self.name, token, "leader lease acquired");
            }
            None if has_changed => {
                tracing::info!(election = self.name, "leader lease lost to another instance");
            }
            _ => {}
        }
    }

    /// Gives up a lease that has expired.
    fn expire(&self) {
        let is_over = self.expires_at() <= Instant::now();
        if self.fencing_token.send_if_modified(|token| is_over && token.take().is_some()) {
            tracing::warn!(election = self.name, "leader lease lost: not renewed in time");
        }
    }
}

/// Campaigns until the task is aborted.
async fn run(shared: Arc<Shared>) {
    let mut is_failing = false;
    loop {
        let started_at = Instant::now();
        let attempt = shared.election.acquire_or_renew(&shared.name, shared.id, shared.lease_ttl);
        let failure = match timeout_at(shared.next_attempt(started_at), attempt).await {
            Ok(Ok(token)) => {
                shared.record(started_at, token);
                None
            }
            Ok(Err(error)) => Some(error),
            Err(_) => Some(Error::unavailable(shared.election.name(), "no response in time")),
        };
        match &failure {
            Some(error) if !is_failing => {
                let error = error as &dyn StdError;
                tracing::warn!(election = shared.name, error, "leader election unavailable, retrying");
            }
            None if is_failing => tracing::info!(election = shared.name, "leader election available again"),
            _ => {}
        }
        is_failing = failure.is_some();
        shared.expire();
        sleep_until(shared.next_attempt(started_at)).await;
        shared.expire();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("backend", &self.election.name())
            .field("election", &self.name)
            .field("fencing_token", &*self.fencing_token.borrow())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
