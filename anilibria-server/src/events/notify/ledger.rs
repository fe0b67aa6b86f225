//! Where the outbox outlives the process.

mod disk;
mod redis;

use std::fmt;

use anilibria_cache::coordination::MapChange;
use async_trait::async_trait;
use bytes::Bytes;

pub use self::{disk::DiskLedger, redis::RedisLedger};

/// What becomes of a ledger in one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Whether all fields go before any is set.
    pub is_anew: bool,
    /// Fields that are set.
    pub put: Vec<(String, Bytes)>,
    /// Fields that go.
    pub removed: Vec<String>,
}

impl Change {
    /// Whether nothing would change.
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

/// Where the outbox outlives the process.
#[async_trait]
pub trait Ledger: fmt::Debug + Send + Sync + 'static {
    /// All fields.
    async fn entries(&self) -> anyhow::Result<Vec<(String, Bytes)>>;

    /// Makes `change`, all of it or nothing, in the name of the holder of the office with this token; `false` when somebody
    /// has held it since.
    async fn change(&self, change: Change, token: u64) -> anyhow::Result<bool>;
}

/// No ledger: the outbox ends with the process.
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
