//! The persistent store of the outbox.

mod disk;
mod redis;

use std::fmt;

use anilibria_cache::coordination::MapChange;
use async_trait::async_trait;
use bytes::Bytes;

pub use self::{disk::DiskLedger, redis::RedisLedger};

/// An atomic change of a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// True if all fields are removed before any is set.
    pub is_anew: bool,
    /// Fields to set.
    pub put: Vec<(String, Bytes)>,
    /// Fields to remove.
    pub removed: Vec<String>,
}

impl Change {
    /// Returns true if the change has no effect.
    pub fn is_empty(&self) -> bool {
        !self.is_anew && self.put.is_empty() && self.removed.is_empty()
    }
}

impl From<Change> for MapChange {
    fn from(Change { is_anew, put, removed }: Change) -> Self {
        let change = if is_anew { Self::default().clear() } else { Self::default() };
        let change = put.into_iter().fold(change, |change, (field, value)| change.put(field, value));
        removed.into_iter().fold(change, Self::remove)
    }
}

/// A persistent store of the outbox.
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync + 'static {
    /// Returns all fields.
    async fn entries(&self) -> anyhow::Result<Vec<(String, Bytes)>>;

    /// Applies `change` atomically for the lease holder with the fencing token `token`. Returns `false` if the lease has had
    /// another holder since.
    async fn change(&self, change: Change, token: u64) -> anyhow::Result<bool>;
}

/// No persistent store: the outbox ends with the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLedger;

#[async_trait]
impl Ledger for NoLedger {
    async fn entries(&self) -> anyhow::Result<Vec<(String, Bytes)>> {
        Ok(Vec::new())
    }

    async fn change(&self, _change: Change, _token: u64) -> anyhow::Result<bool> {
        Ok(true)
    }
}
