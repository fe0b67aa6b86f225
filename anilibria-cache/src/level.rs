//! One store of a cache with its TTL, and all of them in order.

use std::{
    fmt, iter,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use crate::{
    Entry, Invalidation, LevelStats, Lifetime, Loaded, Result, Source, Store, clock::later, stats::Counter,
};

/// A store as part of a cache. Its failures end here: they are counted, logged and read as absence.
pub(crate) struct Level {
    store: Box<dyn Store>,
    ttl: Duration,
    hits: Counter,
    errors: Counter,
    failing: AtomicBool,
}

impl Level {
    pub(crate) fn new(store: impl Store, ttl: Duration) -> Self {
        Self {
            store: Box::new(store),
            ttl,
            hits: Counter::default(),
            errors: Counter::default(),
            failing: AtomicBool::new(false),
        }
    }

    async fn fresh(&self, key: &str, now: SystemTime) -> Option<Entry> {
        let entry = self.checked(self.store.get(key, now).await)??;
        entry.is_fresh(now).then_some(entry)
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) {
        self.checked(self.store.set(key, entry, now).await);
    }

    fn entry(&self, loaded: &Loaded, now: SystemTime) -> Entry {
        Entry::from_loaded(loaded, Lifetime::new(now, loaded.ttl.unwrap_or(self.ttl)))
    }

    /// Takes note of how an operation went. Only a change for the better or the worse is worth a line in the
    /// log.
    fn checked<T>(&self, result: Result<T>) -> Option<T> {
        let store = self.store.name();
        match result {
            Ok(value) => {
                // Read first: a shared write on each success would cost every core.
                if self.failing.load(Ordering::Relaxed) && self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!(store, "cache level works again");
                }
                Some(value)
            }
            Err(error) => {
                self.errors.increment();
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(store, error = &error as &dyn std::error::Error, "cache level failed");
                }
                None
            }
        }
    }
}

/// The levels of a cache, nearest first; there is always one.
pub(crate) struct Levels {
    nearest: Level,
    further: Vec<Level>,
}

impl Levels {
    pub(crate) fn new(nearest: Level) -> Self {
        Self { nearest, further: Vec::new() }
    }

    pub(crate) fn push(&mut self, level: Level) {
        self.further.push(level);
    }

    /// The fresh entry under `key`, if the nearest level can tell without waiting.
    pub(crate) fn fresh_now(&self, key: &str, now: SystemTime) -> Option<(Entry, Source)> {
        let entry = self.nearest.store.get_now(key, now).filter(|entry| entry.is_fresh(now))?;
        Some((entry, Source::Level { index: 0, name: self.nearest.store.name() }))
    }

    /// The fresh entry under `key` of the nearest level that has one.
    pub(crate) async fn fresh(&self, key: &str, now: SystemTime) -> Option<(Entry, Source)> {
        for (index, level) in self.iter().enumerate() {
            if let Some(entry) = level.fresh(key, now).await {
                return Some((entry, Source::Level { index, name: level.store.name() }));
            }
        }
        None
    }

    /// Puts what the level `found_at` had into the nearer ones, fresh for as long as they say and it still
    /// is.
    pub(crate) async fn back_fill(&self, found_at: usize, key: &str, entry: &Entry, now: SystemTime) {
        for level in self.iter().take(found_at) {
            let mut life = entry.lifetime();
            life.fresh_until = life.fresh_until.min(later(now, level.ttl));
            level.set(key, entry.clone().with_lifetime(life), now).await;
        }
    }

    /// Puts `loaded` into every level, as `nearest` into the nearest one.
    pub(crate) async fn set(&self, key: &str, loaded: &Loaded, nearest: Entry, now: SystemTime) {
        // Furthest first: what the nearest level shows, the others have.
        for level in self.further.iter().rev() {
            level.set(key, level.entry(loaded, now), now).await;
        }
        self.nearest.set(key, nearest, now).await;
    }

    /// What the nearest level makes of `loaded`.
    pub(crate) fn nearest_entry(&self, loaded: &Loaded, now: SystemTime) -> Entry {
        self.nearest.entry(loaded, now)
    }

    /// Returns the largest number that a level reports, since the same key may lie on several.
    pub(crate) async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> u64 {
        let mut removed = 0;
        for level in self.furthest_first() {
            removed =
                level.checked(level.store.invalidate(invalidation, now).await).unwrap_or(0).max(removed);
        }
        removed
    }

    /// Notes that the level `index` answered a call.
    pub(crate) fn count_hit(&self, index: usize) {
        if let Some(level) = self.iter().nth(index) {
            level.hits.increment();
        }
    }

    /// The levels' statistics, given how many calls no level could answer.
    pub(crate) async fn stats(&self, unanswered: u64) -> Vec<LevelStats> {
        let mut levels = Vec::with_capacity(1 + self.further.len());
        // A call that a further level answered went past all the nearer ones.
        let mut went_past = unanswered;
        for level in self.furthest_first() {
            let hits = level.hits.get();
            levels.push(LevelStats {
                name: level.store.name(),
                ttl: level.ttl,
                hits,
                misses: went_past,
                errors: level.errors.get(),
                store: level.checked(level.store.stats().await),
            });
            went_past += hits;
        }
        levels.reverse();
        levels
    }

    fn iter(&self) -> impl Iterator<Item = &Level> {
        iter::once(&self.nearest).chain(&self.further)
    }

    fn furthest_first(&self) -> impl Iterator<Item = &Level> {
        self.further.iter().rev().chain([&self.nearest])
    }
}

impl fmt::Debug for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|level| (level.store.name(), level.ttl))).finish()
    }
}
