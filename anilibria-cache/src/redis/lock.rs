//! A lock that instances share by way of Redis.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use super::{
    handle::{NAME, Redis, millis, unavailable},
    script::UNLOCK,
};
use crate::{
    error::Result,
    lock::{Lease, LoadLock},
};

/// A [`LoadLock`] in Redis: a text with an expiry under a name of its own, which no entry can have.
///
/// It is as good as the one server that has it. When a replica takes over, or Redis loses its data, two instances may
/// hold the same lock for a while.
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

    async fn try_lock(&self, key: &str, lease: Duration) -> Result<Option<Lease>> {
        let held = Lease::new();
        let mut set = redis::cmd("SET");
        set.arg(self.redis.keys().lock(key)).arg(held.token()).arg("NX").arg("PX").arg(millis(lease));
        let taken = self.redis.link().send(&set).await.map_err(unavailable)?;
        Ok((taken == redis::Value::Okay).then_some(held))
    }

    async fn unlock(&self, key: &str, lease: Lease) -> Result<()> {
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
