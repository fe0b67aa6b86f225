//! How instances agree which of them loads a value.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Result;

/// A lock that instances share, so that a key that all of them miss is loaded by one.
///
/// It saves work, and is not there for correctness: a lease may end before the work it was taken for, and a cache whose
/// lock fails loads without it.
#[async_trait]
pub trait LoadLock: Send + Sync + 'static {
    /// Name for logs, metrics and errors.
    fn name(&self) -> &'static str;

    /// Takes the lock of `key` for at most `lease`, unless another instance has it. Does not wait.
    async fn try_lock(&self, key: &str, lease: Duration) -> Result<Option<Lease>>;

    /// Gives back the lock of `key`, if it is still held under this lease.
    async fn unlock(&self, key: &str, lease: Lease) -> Result<()>;
}

/// Proves that who gives back a lock is who took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease(u64);

impl Lease {
    /// A new lease: 64 random bits, so that no two are equal.
    pub fn new() -> Self {
        Self(fastrand::u64(..))
    }

    /// The lease as text, 16 hexadecimal digits.
    pub fn token(&self) -> String {
        format!("{:016x}", self.0)
    }
}

impl Default for Lease {
    fn default() -> Self {
        Self::new()
    }
}
