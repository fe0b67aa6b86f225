//! A load lock in Redis.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use redis::from_redis_value;

use super::{
    handle::{NAME, Redis, millis, unavailable},
    script::UNLOCK,
};
use crate::{
    error::Result,
    lock::{LoadLock, LockToken},
};

/// A [`LoadLock`] in Redis: a string with an expiry, under a key that no entry can have.
///
/// The lock relies on one server. After a fail-over to a replica, or after Redis has lost its data, two instances may hold
/// the same lock until the older lease expires.
#[derive(Clone)]
pub struct RedisLock {
    redis: Redis,
}

impl Redis {
    /// Returns the load lock of all processes that share the server and the prefix.
    pub fn lock(&self) -> RedisLock {
        RedisLock::new(self.clone())
    }
}

impl RedisLock {
    pub(super) fn new(redis: Redis) -> Self {
        Self { redis }
    }
}

#[async_trait]
impl LoadLock for RedisLock {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn try_lock(&self, key: &str, lease: Duration) -> Result<Option<LockToken>> {
        let held = LockToken::new();
        let mut set = redis::cmd("SET");
        set.arg(self.redis.keys().lock(key))
            .arg(held.token())
            .arg("NX")
            .arg("GET")
            .arg("PX")
            .arg(millis(lease));
        let holder = self.redis.link().send(&set).await.map_err(unavailable)?;
        let holder: Option<String> = from_redis_value(holder).map_err(|error| unavailable(error.into()))?;
        // The command may be executed twice: then the lock is held with the token of this call.
        Ok(holder.is_none_or(|holder| holder == held.token()).then_some(held))
    }

    async fn unlock(&self, key: &str, lease: LockToken) -> Result<()> {
        let mut unlock = UNLOCK.call(&self.redis.keys().lock(key));
        let unlocked = self.redis.link().send(unlock.arg(lease.token())).await;
        unlocked.map(drop).map_err(unavailable)
    }
}

impl fmt::Debug for RedisLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisLock").field(&self.redis).finish()
    }
}
