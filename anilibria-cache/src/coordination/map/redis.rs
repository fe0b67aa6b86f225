//! A small map in Redis.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use redis::RedisResult;

use super::MapChange;
use crate::{
    error::Result,
    redis::{
        handle::{Redis, unavailable},
        script::Lua,
    },
};

/// Applies a change to a map. `KEYS`: map, greatest fencing token. `ARGV`: fencing token, whether to clear the map, number of
/// fields to set, field and value of each, fields to remove. Returns 1, or 0 if the fencing token is too small.
static CHANGE: Lua = Lua::new(include_str!("change.lua"));

/// A small map in Redis that outlives the process that writes it. A change is atomic, and a change of a former leader is
/// rejected by its fencing token.
///
/// The map has no expiry, and the number of fields is not limited.
///
/// ```no_run
/// use anilibria_cache::{Redis, coordination::MapChange};
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let map = Redis::builder("redis://127.0.0.1").prefix("site:").build()?.map("outbox");
///
/// let change = MapChange::default().fencing_token(3).put("message:7", "hello").remove("message:6");
/// assert!(map.change(&change).await?, "a newer leader has changed the map");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedisMap {
    redis: Redis,
    key: Arc<str>,
    /// Key of the greatest fencing token.
    token_key: Arc<str>,
}

impl RedisMap {
    pub(crate) fn new(redis: Redis, name: &str) -> Self {
        let (key, token_key) = (redis.group_key("map", name), redis.group_key("map-token", name));
        Self { redis, key: key.into(), token_key: token_key.into() }
    }

    /// Returns all fields and their values, in no particular order.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn entries(&self) -> Result<Vec<(String, Bytes)>> {
        let mut command = redis::cmd("HGETALL");
        let reply = self.redis.link().send(command.arg(&*self.key)).await;
        let entries: RedisResult<Vec<(String, Vec<u8>)>> =
            reply.and_then(|reply| Ok(redis::from_redis_value(reply)?));
        let entries = entries.map_err(unavailable)?;
        Ok(entries.into_iter().map(|(field, value)| (field, value.into())).collect())
    }

    /// Returns the values of `fields` in the same order, `None` for each field that does not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn get(&self, fields: &[String]) -> Result<Vec<Option<Bytes>>> {
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("HMGET");
        let reply = self.redis.link().send(command.arg(&*self.key).arg(fields)).await;
        let values: RedisResult<Vec<Option<Vec<u8>>>> =
            reply.and_then(|reply| Ok(redis::from_redis_value(reply)?));
        let values = values.map_err(unavailable)?;
        Ok(values.into_iter().map(|value| value.map(Bytes::from)).collect())
    }

    /// Applies `change` atomically. Returns false, and changes nothing, if a change with a greater fencing token was
    /// applied before.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn change(&self, change: &MapChange) -> Result<bool> {
        let MapChange { put, removed, clears, fencing_token } = change;
        let mut command = CHANGE.call_with(&[&self.key, &self.token_key]);
        command.arg(fencing_token.map(|token| token.to_string()).unwrap_or_default());
        command.arg(u8::from(*clears)).arg(put.len());
        for (field, value) in put {
            command.arg(field).arg(&value[..]);
        }
        for field in removed {
            command.arg(field);
        }
        let reply = self.redis.link().send(&command).await;
        let is_applied: RedisResult<bool> = reply.and_then(|reply| Ok(redis::from_redis_value(reply)?));
        is_applied.map_err(unavailable)
    }
}

impl fmt::Debug for RedisMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisMap").field(&self.redis).field(&self.key).finish()
    }
}
