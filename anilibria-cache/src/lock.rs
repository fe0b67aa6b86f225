//! Locks between instances, so that only one of them loads a value.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::Result;

/// A lock that instances share, so that one instance loads a key that all of them miss.
///
/// The lock saves loads and is not needed for correctness. A lock may expire before the load has ended. If the lock
/// fails, the cache loads without it.
#[async_trait]
pub trait LoadLock: Send + Sync + 'static {
    /// Returns the name for logs, metrics and errors.
    fn name(&self) -> &'static str;

    /// Acquires the lock of `key` for at most `lease`. Returns `None` if another instance holds the lock. Does not
    /// wait.
    async fn try_lock(&self, key: &str, lease: Duration) -> Result<Option<LockToken>>;

    /// Releases the lock of `key` if it is still held with this token.
    async fn unlock(&self, key: &str, lease: LockToken) -> Result<()>;
}

/// Token of an acquired lock, which proves ownership when the lock is released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockToken(u64);

impl LockToken {
    /// Creates a token of 64 random bits, which is unique for practical purposes.
    pub fn new() -> Self {
        Self(fastrand::u64(..))
    }

    /// Returns the token as text of 16 hexadecimal digits.
    pub fn token(&self) -> String {
        format!("{:016x}", self.0)
    }
}

impl Default for LockToken {
    fn default() -> Self {
        Self::new()
    }
}
