//! The levels of a cache in their order, and lookups on them.

use std::{fmt, time::SystemTime};

use crate::{
    cached::{Cached, Origin},
    entry::Entry,
    invalidation::Action,
    invalidation_log::InvalidationLog,
    level::Level,
    policy::Policy,
    stats::LevelStats,
};

/// The levels of a cache, nearest first. There is at least one.
pub(crate) struct Levels {
    nearest: Level,
    further: Vec<Level>,
}

/// An entry that was found on a level or created by the loader.
#[derive(Clone, Debug)]
pub(crate) struct FoundEntry {
    pub(crate) entry: Entry,
    pub(crate) origin: Origin,
    /// As-of number of the value: all invalidations up to this number are reflected in it. See [`InvalidationLog`].
    pub(crate) as_of: u64,
}

/// The result of a lookup on several levels.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// A fresh value from the nearest level that has one.
    Fresh(FoundEntry),
    /// No level has a fresh value. Contains the stale value that was loaded last, if there is one.
    Stale(Option<FoundEntry>),
}

impl Levels {
    pub(crate) fn new(nearest: Level, further: Vec<Level>) -> Self {
        Self { nearest, further }
    }

    pub(crate) fn nearest(&self) -> &Level {
        &self.nearest
    }

    /// Returns the levels with their indices, nearest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Level)> {
        [&self.nearest].into_iter().chain(&self.further).enumerate()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Level> {
        match index.checked_sub(1) {
            None => Some(&self.nearest),
            Some(index) => self.further.get(index),
        }
    }

    pub(crate) fn count(&self) -> usize {
        1 + self.further.len()
    }

    /// Returns the value of `key`, fresh or stale, if the nearest level has it without waiting.
    pub(crate) fn get_now(&self, key: &str, now: SystemTime, log: &InvalidationLog) -> Option<FoundEntry> {
        let as_of = log.as_of(0);
        let entry = self.nearest.get_now(key, now)?;
        Some(FoundEntry { entry, origin: Origin::Level { index: 0, name: self.nearest.name() }, as_of })
    }

    /// Looks up `key` on the nearest `count` levels, except the first `skipped`. Stops at the first fresh value.
    pub(crate) async fn find(
        &self,
        key: &str,
        now: SystemTime,
        (skipped, count): (usize, usize),
        log: &InvalidationLog,
    ) -> Lookup {
        let mut newest: Option<FoundEntry> = None;
        for (index, level) in self.iter().take(count).skip(skipped) {
            let as_of = log.as_of(index);
            let Some(hit) = level
                .get(key, now)
                .await
                .and_then(|entry| apply_invalidations(key, entry, (index, level), as_of, log))
            else {
                continue;
            };
            if hit.entry.is_fresh(now) {
                return Lookup::Fresh(hit);
            }
            newest = FoundEntry::newer(newest, Some(hit));
        }
        Lookup::Stale(newest)
    }

    /// Looks up `keys` as [`find`](Self::find) does, with one call for each level. The results are in the order of the
    /// keys.
    pub(crate) async fn find_many(
        &self,
        keys: &[&str],
        now: SystemTime,
        count: usize,
        log: &InvalidationLog,
    ) -> Vec<Lookup> {
        let mut lookups: Vec<_> = keys.iter().map(|_| Lookup::Stale(None)).collect();
        for (index, level) in self.iter().take(count) {
            let missing: Vec<_> =
                (0..keys.len()).filter(|&at| matches!(lookups[at], Lookup::Stale(_))).collect();
            if missing.is_empty() {
                break;
            }
            let as_of = log.as_of(index);
            let names: Vec<_> = missing.iter().map(|&at| keys[at]).collect();
            for (at, entry) in missing.into_iter().zip(level.get_many(&names, now).await) {
                let hit =
                    entry.and_then(|entry| apply_invalidations(keys[at], entry, (index, level), as_of, log));
                let Some(hit) = hit else { continue };
                let fresh = hit.entry.is_fresh(now);
                lookups[at] = match std::mem::replace(&mut lookups[at], Lookup::Stale(None)) {
                    Lookup::Stale(_) if fresh => Lookup::Fresh(hit),
                    Lookup::Stale(newest) => Lookup::Stale(FoundEntry::newer(newest, Some(hit))),
                    found @ Lookup::Fresh(_) => found,
                };
            }
        }
        lookups
    }

    /// Counts a fresh hit of the nearest level.
    pub(crate) fn count_nearest_hit(&self) {
        self.nearest.served(false);
    }

    /// Counts a call on each level: a hit on the level `hit_level`, and a miss on each nearer level. `None` counts as a miss
    /// on all levels.
    pub(crate) fn count_call(&self, hit_level: Option<usize>, stale: bool) {
        for (index, level) in self.iter() {
            match hit_level {
                Some(this) if this == index => {
                    level.served(stale);
                    return;
                }
                _ => level.missed(),
            }
        }
    }

    /// Returns the statistics of the levels. `total_misses` is the number of calls that found no value on any level.
    pub(crate) async fn stats(&self, total_misses: u64, log: &InvalidationLog) -> Vec<LevelStats> {
        let mut levels = Vec::with_capacity(self.count());
        // A hit of a further level is a miss on all nearer levels.
        let mut misses = total_misses;
        let further = self.further.iter().enumerate().rev().map(|(index, level)| (index + 1, level));
        for (index, level) in further.chain([(0, &self.nearest)]) {
            let stats = level.stats(misses, log.waiting(index)).await;
            misses += stats.hits + stats.stale;
            levels.push(stats);
        }
        levels.reverse();
        levels
    }
}

/// Applies the invalidations after `as_of` to `entry`. `as_of` is the as-of number of the level when the lookup began.
///
/// Returns `None` if an invalidation removes the entry. An entry that an invalidation expires becomes stale.
fn apply_invalidations(
    key: &str,
    entry: Entry,
    (index, level): (usize, &Level),
    as_of: u64,
    log: &InvalidationLog,
) -> Option<FoundEntry> {
    let entry = match log.covered(as_of, key, entry.tags()) {
        None => entry,
        Some(Action::Expire) => {
            let life = entry.lifetime().expire();
            entry.with_lifetime(life)
        }
        Some(Action::Remove) => return None,
    };
    Some(FoundEntry { entry, origin: Origin::Level { index, name: level.name() }, as_of })
}

impl FoundEntry {
    /// Returns the value as it is served at `now`. A loaded value is fresh, even if it is not stored.
    pub(crate) fn at(&self, now: SystemTime) -> Cached {
        match self.origin {
            Origin::Loader => Cached::fresh(self.entry.clone(), self.origin),
            Origin::Level { .. } => Cached::new(self.entry.clone(), self.origin, now),
        }
    }

    /// Returns the index of the level on which the value was found.
    pub(crate) fn level(&self) -> Option<usize> {
        match self.origin {
            Origin::Level { index, .. } => Some(index),
            Origin::Loader => None,
        }
    }

    /// Returns the entry to store on `level` (back-fill). It is not fresh for longer than the entry that was found.
    pub(crate) fn entry_for(&self, level: &Level, policy: &Policy, now: SystemTime) -> Entry {
        let life = policy.back_filled(&self.entry, level.ttl(), now);
        self.entry.clone().with_lifetime(life)
    }

    /// Returns the entry that was loaded later, or `one` if both were loaded at the same time.
    pub(crate) fn newer(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let loaded_at = |found: &Self| found.entry.lifetime().loaded_at;
        match (one, other) {
            (Some(one), Some(other)) if loaded_at(&other) > loaded_at(&one) => Some(other),
            (Some(one), _) => Some(one),
            (None, other) => other,
        }
    }
}

impl fmt::Debug for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(_, level)| level)).finish()
    }
}
