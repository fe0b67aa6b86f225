//! The outbox store of instances that share Redis.

use anilibria_cache::{
    Redis,
    coordination::{MapChange, RedisMap},
};
use async_trait::async_trait;
use bytes::Bytes;

use super::{OutboxStore, StoreChange};

/// Name of the map in Redis.
const MAP: &str = "#notify";

/// Outbox store of instances that share Redis.
#[derive(Clone, Debug)]
pub struct RedisOutboxStore {
    map: RedisMap,
}

impl RedisOutboxStore {
    /// Creates the store in `redis`.
    pub fn new(redis: &Redis) -> Self {
        Self { map: redis.map(MAP) }
    }
}

#[async_trait]
impl OutboxStore for RedisOutboxStore {
    async fn entries(&self) -> anyhow::Result<Vec<(String, Bytes)>> {
        Ok(self.map.entries().await?)
    }

    async fn change(&self, change: StoreChange, token: u64) -> anyhow::Result<bool> {
        Ok(self.map.change(&MapChange::from(change).fencing_token(token)).await?)
    }
}
