//! How instances agree which of them does what only one should.

mod local;
#[cfg(feature = "redis")]
mod redis;

use std::time::Duration;

use async_trait::async_trait;

pub use self::local::LocalElection;
#[cfg(feature = "redis")]
pub use self::redis::RedisElection;
use crate::{Lease, Result};

/// Where instances stand for offices, each of which one of them holds for a term that it can prolong.
///
/// An [`Elector`](crate::coordination::Elector) stands for one and keeps what it wins.
#[async_trait]
pub trait Election: Send + Sync + 'static {
    /// Name for logs and errors.
    fn name(&self) -> &'static str;

    /// Takes `office` for `term` from now on if it is free, or prolongs it if it is `candidate` that holds it. Does not
    /// wait.
    ///
    /// Answers the token of the holder, which is `None` while somebody else is. Each holder's token is greater than those
    /// of all before it, and stays the same for as long as the office is prolonged in time.
    async fn hold(&self, office: &str, candidate: &Lease, term: Duration) -> Result<Option<u64>>;

    /// Gives `office` back, if it is `candidate` that holds it.
    async fn resign(&self, office: &str, candidate: &Lease) -> Result<()>;
}
