//! Leases by which instances elect a leader.

mod local;
#[cfg(feature = "redis")]
mod redis;

use std::{fmt, time::Duration};

use async_trait::async_trait;

pub use self::local::LocalElection;
#[cfg(feature = "redis")]
pub use self::redis::RedisElection;
use crate::error::Result;

/// A service that grants leader leases. Each election has a name, and at most one candidate holds its lease at a time.
///
/// A [`Candidate`](crate::coordination::Candidate) campaigns in an election and renews the lease that it acquires.
#[async_trait]
pub trait Election: Send + Sync + 'static {
    /// Returns the name of the implementation, for logs and errors.
    fn name(&self) -> &'static str;

    /// Acquires the leader lease of `election` if the lease is free, or renews the lease if `candidate` holds it. The
    /// lease expires `lease_ttl` from now. Does not wait.
    ///
    /// Returns the fencing token of the lease, or `None` while another candidate holds the lease. The token of each new
    /// leader is greater than all tokens before it, and stays the same while the lease is renewed in time.
    async fn acquire_or_renew(
        &self,
        election: &str,
        candidate: CandidateId,
        lease_ttl: Duration,
    ) -> Result<Option<u64>>;

    /// Ends the leader lease of `election` if `candidate` holds it.
    async fn resign(&self, election: &str, candidate: CandidateId) -> Result<()>;
}

/// Identity of a candidate in an election: 64 random bits, displayed as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandidateId(u64);

impl CandidateId {
    /// Creates a random id.
    pub fn new() -> Self {
        Self(fastrand::u64(..))
    }
}

impl Default for CandidateId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for CandidateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
