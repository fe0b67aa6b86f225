//! Elections between processes, in Redis.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use redis::from_redis_value;

use super::{CandidateId, Election};
use crate::{
    error::Result,
    redis::{
        handle::{NAME, Redis, millis, unavailable},
        script::Lua,
    },
};

/// Acquires or renews a leader lease. `KEYS`: the lease. `ARGV`: candidate, lease TTL in milliseconds. Returns the fencing
/// token, or 0 while another candidate holds the lease.
static ACQUIRE: Lua = Lua::new(include_str!("acquire.lua"));

/// Ends a leader lease. `KEYS`: the lease. `ARGV`: candidate.
static RESIGN: Lua = Lua::new(include_str!("resign.lua"));

/// An [`Election`] in Redis. Only the clock of the server decides when a lease expires.
///
/// A lease is as durable as the server that stores it. After a fail-over to a replica, or after Redis has lost its data,
/// two instances may both be leader until the older lease expires. The fencing token of the newer leader is not smaller,
/// because tokens start at the server's time in milliseconds.
#[derive(Clone)]
pub struct RedisElection {
    redis: Redis,
}

impl RedisElection {
    pub(crate) fn new(redis: Redis) -> Self {
        Self { redis }
    }

    /// Returns the Redis key of a lease. The word `office` is part of the stored format.
    fn key(&self, election: &str) -> String {
        self.redis.keys().own("office", election)
    }
}

#[async_trait]
impl Election for RedisElection {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn acquire_or_renew(
        &self,
        election: &str,
        candidate: CandidateId,
        lease_ttl: Duration,
    ) -> Result<Option<u64>> {
        let mut acquire = ACQUIRE.call(&self.key(election));
        acquire.arg(candidate.to_string()).arg(millis(lease_ttl));
        let token = self.redis.link().send(&acquire).await.map_err(unavailable)?;
        let token: u64 = from_redis_value(token).map_err(|error| unavailable(error.into()))?;
        Ok((token > 0).then_some(token))
    }

    async fn resign(&self, election: &str, candidate: CandidateId) -> Result<()> {
        let mut resign = RESIGN.call(&self.key(election));
        let resigned = self.redis.link().send(resign.arg(candidate.to_string())).await;
        resigned.map(drop).map_err(unavailable)
    }
}

impl fmt::Debug for RedisElection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisElection").field(&self.redis).finish()
    }
}
