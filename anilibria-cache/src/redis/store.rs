//! A level of a cache in Redis.

use std::{fmt, time::SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, RedisError, RedisResult, Value, from_redis_value};

use super::{
    config_error::RedisConfigError,
    handle::{NAME, Redis, millis, unavailable},
    keys::Keys,
    link::Link,
    scan::Scan,
    script::{LINK, TOUCH},
    stats::measure,
};
use crate::{
    entry::Entry,
    error::{Error, Result},
    format::{self, FormatError},
    invalidation::{Action, Invalidation, Scope},
    lifetime::Lifetime,
    pattern::Pattern,
    stats::StoreStats,
    store::Store,
};

/// So many entries are dropped or expired in one round trip.
const BATCH: usize = 256;

/// A [`Store`] in Redis, which several processes may share.
///
/// An entry is a text in the [`format`](mod@crate::format) of this crate under its key, with the prefix; Redis drops it
/// when it expires. A hit is a single `GET`. A tag is a sorted set of the keys that were given it, which lives as long
/// as the longest of them, and an entry is only dropped by a tag that it still carries.
///
/// Invalidating a pattern or all looks at every key of the database, in small steps. Only what begins like an entry is
/// touched: other keys may share the prefix. An entry set while an invalidation is under way may or may not be met by
/// it; one set before it is always met, one set afterwards never. In a cluster that moves keys between its nodes at that
/// time, a pattern may miss some of those.
///
/// When Redis is full and may not evict (`noeviction`), an entry is [rejected](crate::Error::Rejected), and what was
/// under its key is dropped. The [statistics](Store::stats) are those of the whole database.
///
/// ```
/// use anilibria_cache::{Cache, MemoryStore, RedisStore};
/// use std::time::Duration;
///
/// let cache = Cache::builder()
///     .level(MemoryStore::new(64 << 20))
///     .ttl(Duration::from_mins(1))
///     .level(RedisStore::connect("redis://127.0.0.1")?)
///     .ttl(Duration::from_mins(10))
///     .build();
/// # Ok::<(), anilibria_cache::RedisConfigError>(())
/// ```
#[derive(Clone)]
pub struct RedisStore {
    redis: Redis,
}

impl Redis {
    /// Returns a store that keeps the entries of a cache in Redis.
    pub fn store(&self) -> RedisStore {
        RedisStore::new(self.clone())
    }
}

impl RedisStore {
    /// A store at `url` with default settings. It connects when it is first used, so it fails only when the URL is
    /// malformed.
    pub fn connect(url: &str) -> Result<Self, RedisConfigError> {
        Ok(Redis::builder(url).build()?.store())
    }

    pub(super) fn new(redis: Redis) -> Self {
        Self { redis }
    }

    /// Writes links to the tags, then the value: an entry that is there can always be found by its tags, also if this
    /// is interrupted. A link that leads nowhere does no harm.
    async fn write(&self, key: &str, entry: &Entry, bytes: &[u8], keep_ms: u64) -> RedisResult<()> {
        let keys = self.keys();
        let tags: Vec<String> = entry.tags().iter().map(|tag| keys.tag(tag.as_str())).collect();
        let mut set = redis::cmd("SET");
        set.arg(keys.entry(key)).arg(bytes).arg("PX").arg(keep_ms);
        if tags.is_empty() {
            return self.link().send(&set).await.map(drop);
        }

        // A link is made before its entry and must not end before it, so it has as much longer as they may lie apart.
        let margin = millis(self.redis.options().response_timeout);
        let mut links = LINK.calls(tags.iter().map(String::as_str), self.link().is_single());
        for link in &mut links {
            link.arg(key).arg(keep_ms.saturating_add(margin));
        }
        let answers = self.link().send_all(&links, Some(&set)).await?;
        answers.into_iter().try_for_each(|answer| answer.map(drop))
    }

    /// What `error`, which came of writing `key`, means. No half of it is left.
    async fn refused(&self, key: &str, error: RedisError) -> Error {
        let is_full = error.code() == Some("OOM");
        if is_full || !error.is_io_error() {
            // Where this fails, too, whoever reads the key learns of it as well.
            let _ = self.unlink(key).await;
        }
        if is_full { Error::rejected(NAME, key, "redis is full") } else { unavailable(error) }
    }

    /// Drops whatever is under `key`, and says how many that were, 0 or 1.
    async fn unlink(&self, key: &str) -> RedisResult<u64> {
        from_redis_value(self.link().send(redis::cmd("UNLINK").arg(self.keys().entry(key))).await?)
            .map_err(Into::into)
    }

    async fn invalidate_tag(&self, tag: &str, touch: &Touch) -> RedisResult<u64> {
        let mut scan = Scan::members(self.keys().tag(tag));
        let mut count = 0;
        while let Some(keys) = scan.next(self.link()).await? {
            let names: Vec<String> = keys.iter().map(|key| self.keys().entry(key)).collect();
            count += self.touch(&names, touch).await?;
        }
        Ok(count)
    }

    async fn invalidate_matching(&self, pattern: &Pattern, touch: &Touch) -> RedisResult<u64> {
        let glob = self.keys().glob(pattern);
        let mut count = 0;
        for node in self.link().nodes().await? {
            let mut scan = Scan::texts(node, glob.clone());
            while let Some(mut names) = scan.next(self.link()).await? {
                names.retain(|name| self.keys().key_of(name).is_some_and(|key| pattern.matches(key)));
                count += self.touch(&names, touch).await?;
            }
        }
        Ok(count)
    }

    /// Drops or expires the entries called `names`, and says how many that were.
    async fn touch(&self, names: &[String], touch: &Touch) -> RedisResult<u64> {
        let mut count = 0;
        for names in names.chunks(BATCH) {
            let mut calls = TOUCH.calls(names.iter().map(String::as_str), self.link().is_single());
            for call in &mut calls {
                touch.add_to(call);
            }
            for answer in self.link().send_all(&calls, None).await? {
                count += from_redis_value::<u64>(answer?)?;
            }
        }
        Ok(count)
    }

    fn link(&self) -> &Link {
        self.redis.link()
    }

    fn keys(&self) -> &Keys {
        self.redis.keys()
    }
}

/// What [`TOUCH`] is told about each of the entries.
struct Touch {
    action: Action,
    tag: String,
    takes_others: bool,
    now: [u8; 8],
    deadlines: [u8; 20],
}

impl Touch {
    fn new(action: Action, scope: &Scope, now: SystemTime) -> Self {
        let tag = if let Scope::Tag(tag) = scope { tag.as_str().to_owned() } else { String::new() };
        Self {
            action,
            tag,
            // Who names a key means whatever is there, as the way to repair it.
            takes_others: matches!(scope, Scope::Key(_)),
            now: format::millis(now).to_be_bytes(),
            deadlines: format::deadlines(Lifetime::new(now, std::time::Duration::ZERO)),
        }
    }

    fn add_to(&self, call: &mut Cmd) {
        let action = match self.action {
            Action::Remove => "remove",
            Action::Expire => "expire",
        };
        call.arg(action)
            .arg(&self.tag)
            .arg(if self.takes_others { "take" } else { "spare" })
            .arg(&[format::VERSION][..])
            .arg(&self.now)
            .arg(&self.deadlines);
    }
}

#[async_trait]
impl Store for RedisStore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        let mut get = redis::cmd("GET");
        match self.link().send(get.arg(self.keys().entry(key))).await {
            Ok(Value::Nil) => Ok(None),
            Ok(Value::BulkString(bytes)) => {
                let entry = format::decode(Bytes::from(bytes));
                let entry = entry.map_err(|error| Error::corrupt(NAME, key, error))?;
                Ok(Some(entry).filter(|entry| !entry.is_expired(now)))
            }
            Ok(_) => Err(Error::corrupt(NAME, key, FormatError::Foreign)),
            Err(error) if error.code() == Some("WRONGTYPE") => {
                Err(Error::corrupt(NAME, key, FormatError::Foreign))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        let Some(keep_for) = entry.lifetime().keep_for(now) else {
            return self.unlink(key).await.map(drop).map_err(unavailable);
        };
        let bytes = format::encode(&entry).map_err(|error| Error::rejected(NAME, key, error.to_string()))?;
        match self.write(key, &entry, &bytes, millis(keep_for)).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.refused(key, error).await),
        }
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        let Invalidation { scope, action } = invalidation;
        let touch = Touch::new(*action, scope, now);
        let count = match scope {
            Scope::Key(key) if *action == Action::Remove => self.unlink(key).await,
            Scope::Key(key) => self.touch(&[self.keys().entry(key)], &touch).await,
            Scope::Tag(tag) => self.invalidate_tag(tag.as_str(), &touch).await,
            Scope::Matching(pattern) => self.invalidate_matching(pattern, &touch).await,
            Scope::All => self.invalidate_matching(&"*".into(), &touch).await,
        };
        count.map_err(unavailable)
    }

    async fn ping(&self) -> Result<()> {
        self.link().send(&redis::cmd("PING")).await.map(drop).map_err(unavailable)
    }

    async fn stats(&self) -> Result<StoreStats> {
        measure(self.link()).await.map_err(unavailable)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisStore").field(&self.redis).finish()
    }
}
