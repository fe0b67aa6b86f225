//! The ledger of instances that share Redis.

use anilibria_cache::{
    Redis,
    coordination::{MapChange, RedisMap},
};
use async_trait::async_trait;
use bytes::Bytes;

use super::{Change, Ledger};

/// Name of the map that stores the ledger.
const MAP: &str = "#notify";

/// Ledger of instances that share Redis.
#[derive(Clone, Debug)]
pub struct RedisLedger {
    map: RedisMap,
}

impl RedisLedger {
    /// Creates the ledger in `redis`.
    pub fn new(redis: &Redis) -> Self {
        Self { map: redis.map(MAP) }
    }
}

#[async_trait]
impl Ledger for RedisLedger {
    async fn entries(&self) -> anyhow::Result<Vec<(String, Bytes)>> {
        Ok(self.map.entries().await?)
    }

    async fn change(&self, change: Change, token: u64) -> anyhow::Result<bool> {
        Ok(self.map.change(&MapChange::from(change).fencing_token(token)).await?)
    }
}
