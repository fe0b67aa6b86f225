//! A map in Redis that one instance keeps on behalf of all.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use redis::RedisResult;

use super::MapChange;
use crate::{
    Redis, Result,
    redis::{script::Lua, unavailable},
};

/// Changes a map. `KEYS`: the map, the greatest token. `ARGV`: the token, whether all fields go first, how many are set,
/// field and value of each, fields that go. Answers 1, or 0 if the token is too small.
static CHANGE: Lua = Lua::new(include_str!("change.lua"));

/// A small map that outlives whoever keeps it: its fields are changed several in one step, and only by whoever holds the
/// office at the time.
///
/// It has no expiry and no limit of its own; whoever keeps it sees to that.
///
/// ```no_run
/// use anilibria_cache::{Redis, coordination::MapChange};
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let map = Redis::builder("redis://127.0.0.1").prefix("site:").build()?.map("outbox");
///
/// let change = MapChange::default().token(3).put("letter:7", "hello").remove("letter:6");
/// assert!(map.change(&change).await?, "somebody with a greater token has changed it");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedisMap {
    redis: Redis,
    name: Arc<str>,
}

impl RedisMap {
    pub(crate) fn new(redis: Redis, name: &str) -> Self {
        let plain = format!("{}{name}", redis.keys().prefix());
        // In a cluster the braces keep the map and its token in one place.
        let name = if redis.link().is_single() { plain } else { format!("{{{plain}}}") };
        Self { redis, name: name.into() }
    }

    /// All fields and their values, in no order.
    pub async fn entries(&self) -> Result<Vec<(String, Bytes)>> {
        let mut command = redis::cmd("HGETALL");
        let answer = self.redis.link().send(command.arg(&*self.name)).await;
        let entries: RedisResult<Vec<(String, Vec<u8>)>> =
            answer.and_then(|answer| Ok(redis::from_redis_value(answer)?));
        let entries = entries.map_err(unavailable)?;
        Ok(entries.into_iter().map(|(field, value)| (field, value.into())).collect())
    }

    /// Makes `change`, all of it or nothing; `false` when somebody with a greater token has changed the map.
    pub async fn change(&self, change: &MapChange) -> Result<bool> {
        let MapChange { put, removed, is_anew, token } = change;
        let mut command = CHANGE.call_with(&[&self.name, &format!("{}:token", self.name)]);
        command.arg(token.map(|token| token.to_string()).unwrap_or_default());
        command.arg(u8::from(*is_anew)).arg(put.len());
        for (field, value) in put {
            command.arg(field).arg(&value[..]);
        }
        for field in removed {
            command.arg(field);
        }
        let answer = self.redis.link().send(&command).await;
        let is_made: RedisResult<bool> = answer.and_then(|answer| Ok(redis::from_redis_value(answer)?));
        is_made.map_err(unavailable)
    }
}

impl fmt::Debug for RedisMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisMap").field(&self.redis).field(&self.name).finish()
    }
}
