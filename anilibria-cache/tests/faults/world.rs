//! A cache on three levels, its servers, and the properties that must always hold.

use std::time::{Duration, Instant, SystemTime};

use anilibria_cache::{
    Cache, CacheStats, LevelStats, MemoryStore, MongoStore, Options, Redis, RedisStore, Store,
};
use test_services::{MongoServer, RedisServer};
use tokio::task::JoinHandle;

use super::{
    DEADLINE,
    readers::Readers,
    soon,
    source::{GetResult, KEYS, Source, key, tag, version_of},
    until,
};

/// Indices of the levels.
pub(crate) const REDIS: usize = 1;
pub(crate) const MONGODB: usize = 2;

/// Capacity of the invalidation log.
const LOG_CAPACITY: usize = 32;

const MINUTE: Duration = Duration::from_mins(1);

/// Time after which every call that was in progress has ended: longer than the default timeouts of Redis together.
const LONGEST_CALL: Duration = Duration::from_secs(2);

/// Opens the connection of an instance.
pub(crate) fn connect(url: &str) -> Redis {
    Redis::builder(url).prefix("test:").check_every(Duration::from_millis(100)).build().unwrap()
}

pub(crate) async fn database(uri: &str) -> MongoStore {
    let patience = Duration::from_millis(400);
    let builder = MongoStore::builder(uri).database("test").wait_timeout(patience).call_timeout(patience);
    builder.connect().await.unwrap()
}

/// Creates a cache with memory, Redis and MongoDB. `near` is the TTL in memory.
pub(crate) fn cache(redis: &Redis, mongo: MongoStore, near: Duration) -> Cache {
    let probe = Duration::from_millis(50);
    Cache::builder()
        .level(MemoryStore::new(4 << 20))
        .probe_every(probe)
        .ttl(near)
        .level(redis.store())
        .probe_every(probe)
        .ttl(10 * MINUTE)
        .level(mongo)
        .probe_every(probe)
        .ttl(60 * MINUTE)
        .options(Options::new().fail_safe(60 * MINUTE).retry_pause(Duration::from_millis(20)))
        .backplane(redis.backplane())
        .load_lock(redis.lock(), Duration::from_secs(5))
        .log_capacity(LOG_CAPACITY)
        .build()
}

/// A cache with a short TTL in memory, so that further levels are looked up often.
pub(crate) struct World {
    pub(crate) cache: Cache,
    pub(crate) source: Source,
    pub(crate) redis: RedisStore,
    mongo: MongoStore,
}

impl World {
    /// Creates a world with every key on every level.
    pub(crate) async fn new(redis: &RedisServer, mongo: &MongoServer) -> Self {
        Self::at(&redis.url(), mongo).await
    }

    /// Like `new`, with the URL of Redis.
    pub(crate) async fn at(redis: &str, mongo: &MongoServer) -> Self {
        let world = Self::instance(redis, &mongo.uri(), &Source::default(), Duration::from_millis(10)).await;
        for number in 0..KEYS {
            world.get(number).await.unwrap();
        }
        world
    }

    /// Creates another instance with an empty memory level.
    pub(crate) async fn instance(redis: &str, mongo: &str, source: &Source, near: Duration) -> Self {
        let mongo = database(mongo).await;
        let cache = cache(&connect(redis), mongo.clone(), near);
        Self { cache, source: source.clone(), redis: connect(redis).store(), mongo }
    }

    pub(crate) fn readers(&self) -> Readers {
        Readers::start(&self.cache, &self.source)
    }

    pub(crate) async fn get(&self, number: usize) -> GetResult {
        let source = self.source.clone();
        soon(self.cache.get_or_load(&key(number), [tag(number)], move || source.load(number))).await
    }

    /// Begins a lookup in a separate task.
    pub(crate) fn begin_get(&self, number: usize) -> JoinHandle<GetResult> {
        let (cache, source) = (self.cache.clone(), self.source.clone());
        tokio::spawn(async move {
            cache.get_or_load(&key(number), [tag(number)], move || source.load(number)).await
        })
    }

    /// Changes every value at its source, with all kinds of invalidations.
    pub(crate) async fn change_everything(&self) {
        for number in 0..KEYS {
            self.change(number, number).await;
        }
    }

    /// Changes the value at its source and invalidates it. `kind` selects the kind of invalidation.
    pub(crate) async fn change(&self, number: usize, kind: usize) {
        self.source.change(number);
        match kind % 5 {
            0 => drop(soon(self.cache.expire_by_tag(tag(number))).await),
            1 => soon(self.cache.set(&key(number), self.source.value(number))).await,
            2 => soon(self.cache.remove(&key(number))).await,
            3 => soon(self.cache.expire(&key(number))).await,
            _ => drop(soon(self.cache.clear_matching(key(number))).await),
        }
    }

    /// Sets and invalidates far more keys than the log can contain.
    pub(crate) async fn overflow_the_log(&self) {
        for number in 0..4 * LOG_CAPACITY {
            let key = format!("other:{number}");
            soon(self.cache.set(&key, "value")).await;
            soon(self.cache.expire(&key)).await;
        }
    }

    pub(crate) async fn level(&self, index: usize) -> LevelStats {
        soon(self.cache.stats()).await.levels.swap_remove(index)
    }

    pub(crate) async fn until_unavailable(&self, index: usize) {
        until("the level is away", async || {
            // A key that no level has is looked up on all levels.
            soon(self.cache.peek("nothing")).await;
            self.level(index).await.is_unavailable
        })
        .await;
    }

    /// Waits until the level at `index` is available and up to date, and the backplane has published all invalidations.
    pub(crate) async fn until_available(&self, index: usize) {
        until("the level is back", async || {
            let stats = soon(self.cache.stats()).await;
            let is_back =
                stats.levels.get(index).is_some_and(|level| !level.is_unavailable && level.unapplied == 0);
            is_back && stats.backplane.is_none_or(|backplane| backplane.waiting == 0)
        })
        .await;
        let before = self.level(index).await.bytes_written;
        until("the level is written to", async || {
            soon(self.cache.set("again", "value")).await;
            self.level(index).await.bytes_written > before
        })
        .await;
    }

    /// Asserts that no operation is attempted on the unavailable level at `index` while the readers run.
    pub(crate) async fn assert_no_delay(&self, index: usize) {
        // Calls that were in progress when the level failed may fail until their timeout.
        tokio::time::sleep(LONGEST_CALL).await;
        let before = self.level(index).await;
        self.until_skipped(index, before.skipped + 200).await;
        let after = self.level(index).await;

        assert!(after.is_unavailable);
        assert_eq!(
            failures(&after),
            failures(&before),
            "an operation was attempted on the unavailable level"
        );
    }

    async fn until_skipped(&self, index: usize, count: u64) {
        until("it is passed over", async || self.level(index).await.skipped >= count).await;
    }

    /// Asserts that no store and no caller has a version older than that of the source. The readers must be stopped.
    pub(crate) async fn assert_no_outdated_value(&self) {
        assert_eq!(self.old().await, [""; 0]);
    }

    /// Returns true if both servers have an entry for the key.
    pub(crate) async fn is_stored(&self, number: usize) -> bool {
        let now = SystemTime::now();
        let stored = [self.redis.get(&key(number), now).await, self.mongo.get(&key(number), now).await];
        stored.into_iter().all(|found| found.is_ok_and(|entry| entry.is_some()))
    }

    /// Returns the values of this instance and of the servers that are older than the source.
    pub(crate) async fn old(&self) -> Vec<String> {
        let mut old = Vec::new();
        for number in 0..KEYS {
            let now = SystemTime::now();
            let stored = [self.redis.get(&key(number), now).await, self.mongo.get(&key(number), now).await];
            let cached = self.get(number).await.unwrap();
            let entries = stored.into_iter().map(|found| found.unwrap().filter(|entry| entry.is_fresh(now)));
            for (place, entry) in
                ["redis", "mongodb", "cache"].into_iter().zip(entries.chain([Some(cached.entry().clone())]))
            {
                let version = entry.map(|entry| version_of(&entry, number));
                if version.is_some_and(|version| version < self.source.version(number)) {
                    old.push(format!("{} in {place}: {version:?}", key(number)));
                }
            }
        }
        old
    }

    /// Asserts that the log and the memory level are within their limits.
    pub(crate) async fn assert_bounded(&self) {
        assert_bounded(&soon(self.cache.stats()).await);
    }
}

/// Waits until no instance and no server has an old value.
pub(crate) async fn until_no_outdated_value(worlds: impl IntoIterator<Item = &World>) {
    for world in worlds {
        let mut old = world.old().await;
        let end = Instant::now() + DEADLINE;
        while !old.is_empty() {
            assert!(Instant::now() < end, "still there: {old:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
            old = world.old().await;
        }
    }
}

/// Returns the number of operations of the level that failed.
fn failures(level: &LevelStats) -> u64 {
    level.errors + level.timeouts
}

pub(crate) fn assert_bounded(stats: &CacheStats) {
    for level in &stats.levels {
        // The log contains at most `LOG_CAPACITY` invalidations; the limit here has a margin.
        assert!(level.unapplied <= 2 * LOG_CAPACITY, "{level:?}");
    }
    let memory = stats.levels.first().unwrap().store.unwrap();
    assert!(memory.bytes <= 4 << 20, "{memory:?}");
    assert!(stats.backplane.is_none_or(|backplane| backplane.waiting <= 2 * LOG_CAPACITY), "{stats:?}");
}
