//! Elections within one process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{CandidateId, Election};
use crate::error::Result;

/// An [`Election`] within one process, for tests and for a service of one instance. Clones share their leases.
#[derive(Clone, Debug, Default)]
pub struct LocalElection {
    leases: Arc<Mutex<HashMap<String, LeaderLease>>>,
}

#[derive(Debug)]
struct LeaderLease {
    fencing_token: u64,
    /// Leader and expiry of the lease; `None` after the leader has resigned.
    holder: Option<(CandidateId, Instant)>,
}

impl LocalElection {
    /// Creates an election without candidates.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Election for LocalElection {
    fn name(&self) -> &'static str {
        "local"
    }

    async fn acquire_or_renew(
        &self,
        election: &str,
        candidate: CandidateId,
        lease_ttl: Duration,
    ) -> Result<Option<u64>> {
        let now = Instant::now();
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let lease =
            leases.entry(election.to_owned()).or_insert(LeaderLease { fencing_token: 0, holder: None });
        match lease.holder {
            Some((holder, expires_at)) if expires_at > now => {
                if holder != candidate {
                    return Ok(None);
                }
            }
            _ => lease.fencing_token += 1,
        }
        lease.holder = Some((candidate, now + lease_ttl));
        Ok(Some(lease.fencing_token))
    }

    async fn resign(&self, election: &str, candidate: CandidateId) -> Result<()> {
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lease) = leases.get_mut(election)
            && lease.holder.is_some_and(|(holder, _)| holder == candidate)
        {
            lease.holder = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE_TTL: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn each_leader_has_a_greater_token_than_the_one_before() {
        let election = LocalElection::new();
        let (one, other) = (CandidateId::new(), CandidateId::new());
        let acquire =
            async |candidate| election.acquire_or_renew("sync", candidate, LEASE_TTL).await.unwrap();

        let (acquired, refused) = (acquire(one).await, acquire(other).await);
        tokio::time::advance(LEASE_TTL / 2).await;
        let renewed = acquire(one).await;
        tokio::time::advance(LEASE_TTL).await;
        let after_expiry = acquire(other).await;
        election.resign("sync", one).await.unwrap();
        let still_held = acquire(one).await;
        election.resign("sync", other).await.unwrap();
        let after_resignation = acquire(one).await;

        assert_eq!((acquired, refused, renewed), (Some(1), None, Some(1)));
        assert_eq!((after_expiry, still_held, after_resignation), (Some(2), None, Some(3)));
    }

    #[tokio::test]
    async fn elections_are_independent_of_each_other() {
        let election = LocalElection::new();

        let one = election.acquire_or_renew("one", CandidateId::new(), LEASE_TTL).await.unwrap();
        let other = election.acquire_or_renew("other", CandidateId::new(), LEASE_TTL).await.unwrap();

        assert!(one.is_some() && other.is_some());
    }
}
