//! Elections among instances by way of Redis.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use redis::from_redis_value;

use super::Election;
use crate::{
    Lease, Redis, Result,
    redis::{NAME, millis, script::Lua, unavailable},
};

/// Takes or prolongs an office and says the token of its holder, 0 when that is somebody else. `KEYS`: the office. `ARGV`:
/// the candidate, milliseconds of a term.
static ELECT: Lua = Lua::new(include_str!("elect.lua"));

/// Gives back an office. `KEYS`: the office. `ARGV`: the candidate.
static RESIGN: Lua = Lua::new(include_str!("resign.lua"));

/// An [`Election`] in Redis, by the clock of the server alone.
///
/// It is as good as the one server that has it. When a replica takes over, or Redis loses its data, two instances may
/// hold the same office until the term of the first is over; the token of the second is greater even then.
#[derive(Clone)]
pub struct RedisElection {
    redis: Redis,
}

impl RedisElection {
    pub(crate) fn new(redis: Redis) -> Self {
        Self { redis }
    }
}

#[async_trait]
impl Election for RedisElection {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn hold(&self, office: &str, candidate: &Lease, term: Duration) -> Result<Option<u64>> {
        let mut elect = ELECT.call(&self.redis.keys().own("office", office));
        elect.arg(candidate.token()).arg(millis(term));
        let token = self.redis.link().send(&elect).await.map_err(unavailable)?;
        let token: u64 = from_redis_value(token).map_err(|error| unavailable(error.into()))?;
        Ok((token > 0).then_some(token))
    }

    async fn resign(&self, office: &str, candidate: &Lease) -> Result<()> {
        let mut resign = RESIGN.call(&self.redis.keys().own("office", office));
        let resigned = self.redis.link().send(resign.arg(candidate.token())).await;
        resigned.map(drop).map_err(unavailable)
    }
}

impl fmt::Debug for RedisElection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisElection").field(&self.redis).finish()
    }
}
