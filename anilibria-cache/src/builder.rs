//! How a cache is put together: levels, nearest first, then options.

use std::{sync::Arc, time::Duration};

use crate::{
    Cache, Clock, Store, SystemClock,
    cache::Inner,
    level::{Level, Levels},
};

/// A cache without a level yet; from [`Cache::builder`]. There is nothing to build before it has one.
#[derive(Debug)]
#[must_use]
pub struct EmptyBuilder(());

impl EmptyBuilder {
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// The nearest level: the one that is asked first.
    pub fn level<S: Store>(self, store: S) -> LevelBuilder<S> {
        LevelBuilder { cache: None, store }
    }
}

/// A level that waits for its TTL, the one thing about a level that has no default.
#[must_use]
pub struct LevelBuilder<S> {
    cache: Option<CacheBuilder>,
    store: S,
}

impl<S: Store> LevelBuilder<S> {
    /// How long a value is fresh on this level, unless its loader says otherwise.
    pub fn ttl(self, ttl: Duration) -> CacheBuilder {
        let level = Level::new(self.store, ttl);
        match self.cache {
            None => CacheBuilder { levels: Levels::new(level), clock: Arc::new(SystemClock) },
            Some(mut cache) => {
                cache.levels.push(level);
                cache
            }
        }
    }
}

/// A cache about to be built.
///
/// ```
/// use anilibria_cache::{Cache, MemoryStore};
/// use std::time::Duration;
///
/// let cache = Cache::builder().level(MemoryStore::new(1 << 20)).ttl(Duration::from_mins(5)).build();
/// ```
#[must_use]
pub struct CacheBuilder {
    levels: Levels,
    clock: Arc<dyn Clock>,
}

impl CacheBuilder {
    /// Adds a level behind those there are. It is asked when they have nothing, and what it has is copied to
    /// them.
    pub fn level<S: Store>(self, store: S) -> LevelBuilder<S> {
        LevelBuilder { cache: Some(self), store }
    }

    /// Where the cache gets the time from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The cache. It is empty as far as its stores are.
    pub fn build(self) -> Cache {
        Cache::from(Inner::new(self.levels, self.clock))
    }
}
