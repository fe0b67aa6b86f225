//! Texts in Redis that other programs read and write, too.

use std::fmt;

use futures::future;
use redis::{Cmd, RedisResult, from_redis_value};

use crate::{
    Pattern, Redis, Result,
    redis::{keys::glob, scan::Scan, unavailable},
};

/// Plain texts in Redis under names that are agreed upon with other programs: the prefix is not added, and nothing is kept
/// beside them. They have no expiry.
///
/// ```no_run
/// use anilibria_cache::Redis;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let texts = Redis::builder("redis://127.0.0.1").build()?.texts();
///
/// texts.set("feature:search:global", "enabled").await?;
/// let found = texts.get(&["feature:search:global", "feature:search:percentage"]).await?;
/// assert_eq!(found, [Some("enabled".to_owned()), None]);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedisTexts {
    redis: Redis,
}

impl RedisTexts {
    pub(super) fn new(redis: Redis) -> Self {
        Self { redis }
    }

    /// The texts under `names`, in their order; `None` for each that is not there. All are read at the same time, not in one
    /// step.
    pub async fn get<N: AsRef<str>>(&self, names: &[N]) -> Result<Vec<Option<String>>> {
        let get = async |name: &N| {
            let mut command = redis::cmd("GET");
            let answer = self.redis.link().send(command.arg(name.as_ref())).await?;
            RedisResult::Ok(from_redis_value(answer)?)
        };
        future::try_join_all(names.iter().map(get)).await.map_err(unavailable)
    }

    /// Puts `text` under `name`.
    pub async fn set(&self, name: &str, text: &str) -> Result<()> {
        let mut command = redis::cmd("SET");
        self.send(command.arg(name).arg(text)).await
    }

    /// Removes what is under `name`, if anything is.
    pub async fn remove(&self, name: &str) -> Result<()> {
        let mut command = redis::cmd("DEL");
        self.send(command.arg(name)).await
    }

    /// The names of texts that match `pattern`, in order, but no more than `limit`: of more, any of them. All keys of the
    /// server are gone through.
    pub async fn names(&self, pattern: &Pattern, limit: usize) -> Result<Vec<String>> {
        let link = self.redis.link();
        let mut names = Vec::new();
        for node in link.nodes().await.map_err(unavailable)? {
            let mut scan = Scan::texts(node, glob(pattern));
            while let Some(some) = scan.next(link).await.map_err(unavailable)? {
                names.extend(some.into_iter().filter(|name| pattern.matches(name)));
                // A walk may meet a name twice.
                names.sort_unstable();
                names.dedup();
                if names.len() >= limit {
                    names.truncate(limit);
                    return Ok(names);
                }
            }
        }
        Ok(names)
    }

    async fn send(&self, command: &Cmd) -> Result<()> {
        self.redis.link().send(command).await.map(drop).map_err(unavailable)
    }
}

impl fmt::Debug for RedisTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisTexts").field(&self.redis).finish()
    }
}
