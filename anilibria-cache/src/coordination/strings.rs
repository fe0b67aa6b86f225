//! Redis string keys that are shared with other programs.

use std::fmt;

use futures::future;
use redis::{Cmd, RedisResult, from_redis_value};

use crate::{
    error::Result,
    pattern::Pattern,
    redis::{
        handle::{Redis, unavailable},
        keys::glob,
        scan::Scan,
    },
};

/// Redis string keys that are shared with other programs. The prefix is not added to their names, and nothing else is
/// stored beside them. The keys have no expiry.
///
/// ```no_run
/// use anilibria_cache::Redis;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let strings = Redis::builder("redis://127.0.0.1").build()?.strings();
///
/// strings.set("feature:search:global", "enabled").await?;
/// let values = strings.get(&["feature:search:global", "feature:search:percentage"]).await?;
/// assert_eq!(values, [Some("enabled".to_owned()), None]);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedisStrings {
    redis: Redis,
}

impl RedisStrings {
    pub(super) fn new(redis: Redis) -> Self {
        Self { redis }
    }

    /// Returns the values of `keys`, in the order of `keys`; `None` for a key that does not exist. The keys are read
    /// concurrently, not atomically.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn get<K: AsRef<str>>(&self, keys: &[K]) -> Result<Vec<Option<String>>> {
        let get = async |key: &K| {
            let mut command = redis::cmd("GET");
            let reply = self.redis.link().send(command.arg(key.as_ref())).await?;
            RedisResult::Ok(from_redis_value(reply)?)
        };
        future::try_join_all(keys.iter().map(get)).await.map_err(unavailable)
    }

    /// Sets `key` to `value`.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn set(&self, key: &str, value: &str) -> Result<()> {
        let mut command = redis::cmd("SET");
        self.send(command.arg(key).arg(value)).await
    }

    /// Removes `key`. A key that does not exist is not an error.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn remove(&self, key: &str) -> Result<()> {
        let mut command = redis::cmd("DEL");
        self.send(command.arg(key)).await
    }

    /// Returns the string keys that match `pattern`, in ascending order. If there are more than `limit`, returns any `limit` of
    /// them. Scans all keys of the server.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if Redis does not answer in time.
    pub async fn keys(&self, pattern: &Pattern, limit: usize) -> Result<Vec<String>> {
        let link = self.redis.link();
        let mut keys = Vec::new();
        for node in link.nodes().await.map_err(unavailable)? {
            let mut scan = Scan::strings(node, glob(pattern));
            while let Some(page) = scan.next(link).await.map_err(unavailable)? {
                keys.extend(page.into_iter().filter(|key| pattern.matches(key)));
                // A scan may return a key twice.
                keys.sort_unstable();
                keys.dedup();
                if keys.len() >= limit {
                    keys.truncate(limit);
                    return Ok(keys);
                }
            }
        }
        Ok(keys)
    }

    async fn send(&self, command: &Cmd) -> Result<()> {
        self.redis.link().send(command).await.map(drop).map_err(unavailable)
    }
}

impl fmt::Debug for RedisStrings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisStrings").field(&self.redis).finish()
    }
}
