//! The persistent store of the outbox.

mod disk;
mod redis;

use std::fmt;

use anilibria_cache::coordination::MapChange;
use async_trait::async_trait;
use bytes::Bytes;

pub use self::{disk::DiskOutboxStore, redis::RedisOutboxStore};

/// An atomic change of an outbox store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreChange {
    /// True if all fields are removed before any is set.
    pub clear: bool,
    /// Fields to set.
    pub put: Vec<(String, Bytes)>,
    /// Fields to remove.
    pub removed: Vec<String>,
}

impl StoreChange {
    /// Returns true if the change has no effect.
    pub fn is_empty(&self) -> bool {
        !self.clear && self.put.is_empty() && self.removed.is_empty()
    }
}

impl From<StoreChange> for MapChange {
    fn from(StoreChange { clear, put, removed }: StoreChange) -> Self {
        let change = if clear { Self::default().clear() } else { Self::default() };
        let change = put.into_iter().fold(change, |change, (field, value)| change.put(field, value));
        removed.into_iter().fold(change, Self::remove)
    }
}

/// A persistent store of the outbox.
#[async_trait]
pub trait OutboxStore: fmt::Debug + Send + Sync + 'static {
    /// Returns all fields with their values.
    async fn entries(&self) -> anyhow::Result<Vec<(String, Bytes)>>;

    /// Applies `change` atomically with the fencing token `token`. Returns `false` and changes nothing if another instance has
    /// acquired the lease since.
    async fn change(&self, change: StoreChange, token: u64) -> anyhow::Result<bool>;
}

/// No persistent store: the outbox ends with the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOutboxStore;

#[async_trait]
impl OutboxStore for NoOutboxStore {
    async fn entries(&self) -> anyhow::Result<Vec<(String, Bytes)>> {
        Ok(Vec::new())
    }

    async fn change(&self, _change: StoreChange, _token: u64) -> anyhow::Result<bool> {
        Ok(true)
    }
}
