//! Generations of tags in the memory of the process, kept current by the server (client-side caching).

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use redis::{PushInfo, PushKind, Value};

use super::generation::Generations;

/// Maximum number of tags; when it is exceeded, all are dropped.
const MAX_TAGS: usize = 65_536;

/// Age at which generations are read again. Redis evicts keys that are not read, and a tag whose key is evicted makes all
/// of its entries stale.
const MAX_AGE: Duration = Duration::from_secs(10);

/// Generations of tags that were read over one connection, by the names of their keys.
///
/// The server reports each change of a key that was read with `CLIENT CACHING YES`. It sends the report before all replies to
/// later commands, and the connection passes it on before it passes on these replies. So after a reply, the cache
/// contains no generations that were outdated when the server executed the command.
///
/// A cache belongs to one connection, because reports are lost when the connection is.
#[derive(Debug, Default)]
pub(crate) struct TagCache(Mutex<Tags>);

#[derive(Debug, Default)]
struct Tags {
    by_key: HashMap<String, Slot, foldhash::fast::RandomState>,
    last_read: u64,
}

impl Tags {
    fn known(&self, key: &str, now: Instant) -> Option<Generations> {
        match self.by_key.get(key) {
            Some(Slot::Known(generations, since)) if now.duration_since(*since) < MAX_AGE => {
                Some(*generations)
            }
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Slot {
    /// The read of this number is in progress.
    Reading(u64),
    Known(Generations, Instant),
}

/// A read of generations in progress. Changes reported meanwhile are not overwritten by its result.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadId(u64);

impl TagCache {
    /// Returns the generations of each of `keys`, or `None` if they are unknown.
    pub(super) fn lookup(&self, keys: &[String]) -> Vec<Option<Generations>> {
        let tags = self.tags();
        let now = Instant::now();
        keys.iter().map(|key| tags.known(key, now)).collect()
    }

    /// Returns the generations of tags by the names of their keys: `prefix` and the tag. Returns `None` if some are unknown.
    /// Does not allocate for each tag, as [`lookup`](Self::lookup) does.
    pub(super) fn lookup_all<'a>(
        &self,
        prefix: String,
        names: impl ExactSizeIterator<Item = &'a str>,
    ) -> Option<Vec<Generations>> {
        let mut generations = Vec::with_capacity(names.len());
        let (length, mut key) = (prefix.len(), prefix);
        let tags = self.tags();
        let now = Instant::now();
        for name in names {
            key.truncate(length);
            key.push_str(name);
            generations.push(tags.known(&key, now)?);
        }
        Some(generations)
    }

    /// Begins a read of `keys`. Must be called before the command is sent.
    pub(super) fn begin_read(&self, keys: &[String]) -> ReadId {
        let mut tags = self.tags();
        if tags.by_key.len() + keys.len() > MAX_TAGS {
            tags.by_key.clear();
        }
        tags.last_read += 1;
        let id = tags.last_read;
        tags.by_key.extend(keys.iter().map(|key| (key.clone(), Slot::Reading(id))));
        ReadId(id)
    }

    /// Stores the result of a read, except for keys that were changed or are being read again.
    pub(super) fn finish_read(&self, id: ReadId, keys: &[String], results: &[Generations]) {
        let mut tags = self.tags();
        let now = Instant::now();
        for (key, generations) in keys.iter().zip(results) {
            if let Some(slot) = tags.by_key.get_mut(key)
                && matches!(slot, Slot::Reading(read) if *read == id.0)
            {
                *slot = Slot::Known(*generations, now);
            }
        }
    }

    /// Drops the tags that a message of the server reports as changed.
    pub(super) fn on_push(&self, push: PushInfo) {
        if push.kind != PushKind::Invalidate {
            return;
        }
        let mut tags = self.tags();
        match push.data.into_iter().next() {
            Some(Value::Array(keys)) => {
                for key in keys {
                    if let Ok(key) = redis::from_redis_value::<String>(key) {
                        tags.by_key.remove(&key);
                    }
                }
            }
            // All keys were deleted.
            _ => tags.by_key.clear(),
        }
    }

    fn tags(&self) -> MutexGuard<'_, Tags> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERATIONS: Generations = Generations { current: 7, removed: 0 };
    const NONE: Generations = Generations { current: 0, removed: 0 };

    fn keys() -> [String; 2] {
        ["a".into(), "b".into()]
    }

    fn changed(data: Value) -> PushInfo {
        PushInfo { kind: PushKind::Invalidate, data: vec![data] }
    }

    fn report(key: &str) -> PushInfo {
        changed(Value::Array(vec![Value::BulkString(key.into())]))
    }

    #[test]
    fn generations_are_known_until_the_server_reports_a_change() {
        let cache = TagCache::default();
        let read = cache.begin_read(&keys());
        let meanwhile = cache.lookup(&keys());

        cache.finish_read(read, &keys(), &[GENERATIONS, NONE]);
        let known = cache.lookup(&keys());
        let all = cache.lookup_all(String::new(), ["b", "a"].into_iter());
        cache.on_push(report("a"));
        let some = cache.lookup_all(String::new(), ["b", "a"].into_iter());
        let after_change = cache.lookup(&keys());
        cache.on_push(changed(Value::Nil));

        assert_eq!(meanwhile, [None, None]);
        assert_eq!(known, [Some(GENERATIONS), Some(NONE)]);
        assert_eq!((all, some), (Some(vec![NONE, GENERATIONS]), None));
        assert_eq!(after_change, [None, Some(NONE)]);
        assert_eq!(cache.lookup(&keys()), [None, None]);
    }

    #[test]
    fn result_of_a_read_does_not_overwrite_a_change_that_was_reported_meanwhile() {
        let cache = TagCache::default();

        let read = cache.begin_read(&keys());
        cache.on_push(report("b"));
        cache.finish_read(read, &keys(), &[GENERATIONS; 2]);

        assert_eq!(cache.lookup(&keys()), [Some(GENERATIONS), None]);
    }

    #[test]
    fn result_of_a_read_that_began_before_another_one_is_not_stored() {
        let cache = TagCache::default();

        let first = cache.begin_read(&keys());
        cache.on_push(report("a"));
        let second = cache.begin_read(&keys()[..1]);
        cache.finish_read(first, &keys(), &[NONE, GENERATIONS]);
        let between = cache.lookup(&keys());
        cache.finish_read(second, &keys()[..1], &[GENERATIONS]);

        assert_eq!(between, [None, Some(GENERATIONS)]);
        assert_eq!(cache.lookup(&keys()), [Some(GENERATIONS); 2]);
    }

    #[test]
    fn number_of_tags_is_limited() {
        let cache = TagCache::default();
        let many: Vec<String> = (0..MAX_TAGS).map(|number| number.to_string()).collect();
        let read = cache.begin_read(&many);
        cache.finish_read(read, &many, &vec![GENERATIONS; MAX_TAGS]);

        cache.begin_read(&keys());

        assert!(cache.tags().by_key.len() <= MAX_TAGS);
    }
}
