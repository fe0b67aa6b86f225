//! A level of a cache in Redis.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, Value, from_redis_value};

use super::{
    batch::Batch,
    config_error::RedisConfigError,
    generation::Generations,
    handle::{NAME, Redis, millis, unavailable},
    keys::Keys,
    link::Link,
    scan::Scan,
    script::{INVALIDATE_ENTRY, NEXT_GENERATION},
    stats::measure,
    tag_cache::TagCache,
    value::{self, Stamped},
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
    tag::Tag,
};

/// Maximum number of entries that are invalidated in one round trip.
const BATCH: usize = 256;

/// TTL of a tag that is created by a removal, when the TTL of its entries is unknown.
const REMOVED_TAG_TTL: Duration = Duration::from_hours(24);

/// A [`Store`] in Redis, which several processes may share.
///
/// An entry is a string under its key, with the prefix. Redis removes it when it expires. The string holds the entry in the
/// [`format`](mod@crate::format) of this crate and, for each tag, the generation of the tag at the time of the write.
///
/// The generation of a tag is stored under a separate key. An invalidation of a tag increases the generation with one
/// command, independent of the number of entries, and returns 0. A read compares the generations of its entry with the
/// current ones: after an expiry the entry is stale, after a removal it is absent, but uses memory until it expires. If
/// Redis has lost or evicted the key of a tag, all older entries with the tag are stale.
///
/// The server reports changes of generations that the process has read, so a hit usually takes one `GET`. In a cluster, and
/// where `CLIENT TRACKING` is not allowed, a hit of an entry with tags takes a second round trip.
///
/// An invalidation of a pattern or of all entries scans the keys of the database in small steps. Keys of others are not
/// changed, even if they share the prefix. An entry that is written while an invalidation is in progress may or may not be
/// invalidated. In a cluster that moves keys between its nodes at that time, a pattern may miss some of those.
///
/// When Redis is full and may not evict (`noeviction`), an entry is [rejected](crate::Error::Rejected), and the previous
/// entry under its key is removed. The [statistics](Store::stats) are those of the whole database.
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
    /// Creates a store at `url` with default settings. The store connects when it is first used.
    ///
    /// # Errors
    ///
    /// The URL is malformed.
    pub fn connect(url: &str) -> Result<Self, RedisConfigError> {
        Ok(Redis::builder(url).build()?.store())
    }

    pub(super) fn new(redis: Redis) -> Self {
        Self { redis }
    }

    /// Parses the reply to a `GET`. An entry that has expired at `now` reads as absent.
    async fn parse(key: &str, reply: RedisResult<Value>, now: SystemTime) -> Result<Option<Stamped>> {
        match reply {
            Ok(Value::Nil) => Ok(None),
            Ok(Value::BulkString(bytes)) => {
                let found = Stamped::decode(Bytes::from(bytes)).await;
                let found = found.map_err(|error| Error::corrupt(NAME, key, error))?;
                Ok(Some(found).filter(|found| !found.entry.is_expired(now)))
            }
            Ok(_) => Err(Error::corrupt(NAME, key, FormatError::Foreign)),
            Err(error) if error.code() == Some("WRONGTYPE") => {
                Err(Error::corrupt(NAME, key, FormatError::Foreign))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Returns the entries as the generations of their tags leave them. `cache` has to be that of the connection on which the
    /// entries were received.
    async fn resolve(
        &self,
        found: Vec<Option<Stamped>>,
        cache: Option<&TagCache>,
    ) -> RedisResult<Vec<Option<Entry>>> {
        let tags = found.iter().flatten().flat_map(|found| found.entry.tags());
        let tags: Vec<String> = tags.map(|tag| self.keys().tag(tag.as_str())).collect();
        let mut generations = self.generations(&tags, cache).await?.into_iter();
        Ok(found.into_iter().map(|found| found?.resolve(&mut generations)).collect())
    }

    /// Returns the generations of tags, from `cache` or from Redis.
    async fn generations(&self, tags: &[String], cache: Option<&TagCache>) -> RedisResult<Vec<Generations>> {
        let known = cache.map_or_else(|| vec![None; tags.len()], |cache| cache.lookup(tags));
        let mut unknown: Vec<String> = tags
            .iter()
            .zip(&known)
            .filter(|(_, known)| known.is_none())
            .map(|(tag, _)| tag.clone())
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        let read = if unknown.is_empty() { Vec::new() } else { self.link().generations(&unknown).await? };
        let generations = |(tag, known): (&String, Option<Generations>)| {
            let read = || unknown.binary_search(tag).ok().and_then(|position| read.get(position)).copied();
            known.or_else(read).unwrap_or_default()
        };
        Ok(tags.iter().zip(known).map(generations).collect())
    }

    /// Writes entries, stamped with the current generations of their tags.
    async fn write(&self, batch: &Batch) -> RedisResult<Vec<RedisResult<Value>>> {
        let mut commands = batch.tag_commands(self.redis.options().response_timeout, self.link().is_single());
        let tags = commands.len();
        let expected = batch.known_stamps(self.link().tag_cache().as_deref());
        if let Some(stamps) = &expected {
            commands.extend(batch.write_commands(stamps));
        }
        let mut replies = self.link().send_all(&commands).await?.values;
        let written = replies.split_off(tags);
        let stamps = replies.into_iter().map(stamp).collect::<RedisResult<Vec<_>>>()?;
        if expected.as_ref() == Some(&stamps) {
            return Ok(written);
        }
        // The cached generation of a tag may be outdated, or the tag may have been created.
        Ok(self.link().send_all(&batch.write_commands(&stamps)).await?.values)
    }

    /// Writes entries. Removes the previous value of an entry that Redis has refused.
    async fn set_all(&self, entries: &[(&str, &Entry)], now: SystemTime) -> Result<()> {
        let (mut batch, mut keys, mut result) = (Batch::default(), Vec::new(), Ok(()));
        for (key, entry) in entries {
            match batch.add(self.keys(), key, entry, now).await {
                Ok(()) => keys.push(*key),
                Err(error) => result = Err(Error::rejected(NAME, *key, error.to_string())),
            }
        }
        let replies = match self.write(&batch).await {
            Ok(replies) => replies,
            Err(error) => keys.iter().map(|_| Err(error.clone())).collect(),
        };
        for ((key, name), reply) in keys.into_iter().zip(batch.names()).zip(replies) {
            if let Err(error) = reply {
                result = Err(self.write_error(key, name, error).await);
            }
        }
        result
    }

    /// Returns the error of a write that has failed with `error`, and removes the previous value.
    async fn write_error(&self, key: &str, name: &str, error: RedisError) -> Error {
        let is_full = error.code() == Some("OOM");
        if is_full || !error.is_io_error() {
            // If this fails as well, a read of the key is likely to fail, too.
            let _ = self.unlink(name).await;
        }
        if is_full { Error::rejected(NAME, key, "redis is full") } else { unavailable(error) }
    }

    /// Removes the value under `name`, and returns the number of removed values, 0 or 1.
    async fn unlink(&self, name: &str) -> RedisResult<u64> {
        from_redis_value(self.link().send(&Cmd::unlink(name)).await?).map_err(Into::into)
    }

    /// Begins the next generation of a tag. Returns the number of visited entries, 0.
    async fn invalidate_tag(&self, tag: &str, action: Action) -> RedisResult<u64> {
        let mut command = NEXT_GENERATION.call(&self.keys().tag(tag));
        command.arg(argument(action)).arg(millis(REMOVED_TAG_TTL));
        self.link().send(&command).await.map(|_| 0)
    }

    async fn invalidate_matching(&self, pattern: &Pattern, action: Action) -> RedisResult<u64> {
        let glob = self.keys().glob(pattern);
        let mut count = 0;
        for node in self.link().nodes().await? {
            let mut scan = Scan::strings(node, glob.clone());
            while let Some(mut names) = scan.next(self.link()).await? {
                names.retain(|name| self.keys().key_of(name).is_some_and(|key| pattern.matches(key)));
                count += self.invalidate_entries(&names, action, "spare").await?;
            }
        }
        Ok(count)
    }

    /// Removes or expires the entries under `names`, and returns their number. `others` is `take` to remove values that are
    /// not entries, or `spare` to keep them.
    async fn invalidate_entries(&self, names: &[String], action: Action, others: &str) -> RedisResult<u64> {
        let expired = Lifetime::new(SystemTime::UNIX_EPOCH, Duration::ZERO).expire();
        let mut count = 0;
        for names in names.chunks(BATCH) {
            let mut calls = INVALIDATE_ENTRY.calls(names.iter().map(String::as_str), self.link().is_single());
            for call in &mut calls {
                call.arg(argument(action)).arg(others).arg(&[value::VERSION][..]).arg(&[format::VERSION][..]);
                call.arg(&format::deadlines(expired));
            }
            for reply in self.link().send_all(&calls).await?.values {
                count += from_redis_value::<u64>(reply?)?;
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

/// Returns the current generation of a tag, from the reply of a script.
fn stamp(reply: RedisResult<Value>) -> RedisResult<u64> {
    match Generations::parse(&reply?).current {
        0 => Err((ErrorKind::UnexpectedReturnType, "no generations of a tag").into()),
        current => Ok(current),
    }
}

/// Returns `action` as an argument of a script.
fn argument(action: Action) -> &'static str {
    match action {
        Action::Remove => "remove",
        Action::Expire => "expire",
    }
}

#[async_trait]
impl Store for RedisStore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn host(&self) -> Option<String> {
        Some(self.redis.link().target().to_string())
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        let (reply, cache) = match self.link().read(&Cmd::get(self.keys().entry(key))).await {
            Ok((value, cache)) => (Ok(value), cache),
            Err(error) => (Err(error), None),
        };
        let Some(found) = Self::parse(key, reply, now).await? else { return Ok(None) };
        let tags = found.entry.tags().iter().map(Tag::as_str);
        if tags.len() == 0 {
            return Ok(Some(found.entry));
        }
        let known = cache.as_ref().and_then(|cache| cache.lookup_all(self.keys().tag(""), tags));
        if let Some(generations) = known {
            return Ok(found.resolve(&mut generations.into_iter()));
        }
        let entries = self.resolve(vec![Some(found)], cache.as_deref()).await.map_err(unavailable)?;
        Ok(entries.into_iter().next().flatten())
    }

    async fn get_many(&self, keys: &[&str], now: SystemTime) -> Result<Vec<Option<Entry>>> {
        let reads: Vec<Cmd> = keys.iter().map(|key| Cmd::get(self.keys().entry(key))).collect();
        let replies = self.link().send_all(&reads).await.map_err(unavailable)?;
        let mut found = Vec::with_capacity(keys.len());
        for (key, reply) in keys.iter().zip(replies.values) {
            found.push(match Self::parse(key, reply, now).await {
                Err(Error::Corrupt { .. }) => None,
                result => result?,
            });
        }
        self.resolve(found, replies.tags.as_deref()).await.map_err(unavailable)
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        self.set_all(&[(key, &entry)], now).await
    }

    async fn set_many(&self, entries: Vec<(Arc<str>, Entry)>, now: SystemTime) -> Result<()> {
        let entries: Vec<(&str, &Entry)> = entries.iter().map(|(key, entry)| (&**key, entry)).collect();
        self.set_all(&entries, now).await
    }

    async fn invalidate(&self, invalidation: &Invalidation, _: SystemTime) -> Result<u64> {
        let Invalidation { scope, action } = invalidation;
        let count = match scope {
            Scope::Key(key) if *action == Action::Remove => self.unlink(&self.keys().entry(key)).await,
            // A value that is not an entry is removed: to name the key is the way to repair it.
            Scope::Key(key) => self.invalidate_entries(&[self.keys().entry(key)], *action, "take").await,
            Scope::Tag(tag) => self.invalidate_tag(tag.as_str(), *action).await,
            Scope::Matching(pattern) => self.invalidate_matching(pattern, *action).await,
            Scope::All => self.invalidate_matching(&"*".into(), *action).await,
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
