//! Several levels: order, back-fill and failures.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use anilibria_cache::{
    Cache, Clock, Entry, Error, Invalidation, LevelStats, Lifetime, ManualClock, MemoryStore, NewValue,
    Origin, Result, Store, StoreStats,
};
use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::{MIB, SlowLoad, TTL, load};

const FAR_TTL: Duration = Duration::from_hours(1);

/// A store without `get_now`. It can be made to fail, and to wait after a write.
#[derive(Clone)]
struct Far {
    store: MemoryStore,
    down: Arc<AtomicBool>,
    /// Each write waits for a permit before it returns.
    gate: Arc<Semaphore>,
}

impl Far {
    fn new() -> Self {
        Self {
            store: MemoryStore::new(64 * MIB),
            down: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        }
    }

    fn up(&self) -> Result<&MemoryStore> {
        if self.down.load(Ordering::Relaxed) {
            return Err(Error::unavailable("far", "connection refused"));
        }
        Ok(&self.store)
    }
}

#[async_trait]
impl Store for Far {
    fn name(&self) -> &'static str {
        "far"
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        tokio::task::yield_now().await;
        self.up()?.get(key, now).await
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        self.up()?.set(key, entry, now).await?;
        self.gate.acquire().await.map(drop).map_err(|closed| Error::unavailable("far", closed))
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        self.up()?.invalidate(invalidation, now).await
    }

    async fn ping(&self) -> Result<()> {
        self.up()?.ping().await
    }

    async fn stats(&self) -> Result<StoreStats> {
        self.up()?.stats().await
    }
}

struct TwoLevels {
    cache: Cache,
    near: MemoryStore,
    far: Far,
    clock: ManualClock,
}

fn two_levels() -> TwoLevels {
    let (near, far, clock) = (MemoryStore::new(64 * MIB), Far::new(), ManualClock::default());
    let cache = Cache::builder()
        .level(near.clone())
        .ttl(TTL)
        .level(far.clone())
        .ttl(FAR_TTL)
        .clock(clock.clone())
        .build();
    TwoLevels { cache, near, far, clock }
}

#[tokio::test]
async fn store_without_immediate_reads_can_be_the_only_level() {
    let cache = Cache::builder().level(Far::new()).ttl(TTL).build();
    load(&cache, "key", "value").await;

    let hit = load(&cache, "key", "loaded again").await;

    assert_eq!(hit.origin(), Origin::Level { index: 0, name: "far" });
    assert_eq!(cache.stats().await.loads, 1);
}

#[tokio::test]
async fn loaded_value_is_stored_on_each_level_with_its_ttl() {
    let TwoLevels { cache, near, far, clock } = two_levels();
    let now = clock.now();

    load(&cache, "key", "value").await;

    let near = near.get("key", now).await.unwrap().unwrap();
    let far = far.get("key", now).await.unwrap().unwrap();
    assert_eq!([near.lifetime().fresh_until, far.lifetime().fresh_until], [now + TTL, now + FAR_TTL]);
    assert_eq!(near.value().as_ptr(), far.value().as_ptr());
}

#[tokio::test]
async fn value_of_a_further_level_is_copied_to_the_nearer_one() {
    let TwoLevels { cache, clock, .. } = two_levels();
    load(&cache, "key", "value").await;
    clock.advance(TTL);

    let from_far = load(&cache, "key", "loaded again").await;
    let from_near = load(&cache, "key", "loaded again").await;

    assert_eq!(from_far.origin(), Origin::Level { index: 1, name: "far" });
    assert_eq!(from_near.origin(), Origin::Level { index: 0, name: "memory" });
    assert_eq!(from_near.fresh_until(), clock.now() + TTL);
    assert_eq!(from_near.value().as_ptr(), from_far.value().as_ptr());
}

#[tokio::test]
async fn copied_value_is_not_fresh_for_longer_than_its_source() {
    let TwoLevels { cache, clock, .. } = two_levels();
    let end = clock.now() + FAR_TTL;
    load(&cache, "key", "value").await;
    clock.advance(FAR_TTL.saturating_sub(TTL / 2));

    load(&cache, "key", "loaded again").await;
    let from_near = load(&cache, "key", "loaded again").await;

    assert_eq!(from_near.origin(), Origin::Level { index: 0, name: "memory" });
    assert_eq!(from_near.fresh_until(), end);
}

#[tokio::test]
async fn stale_entry_is_loaded_again_on_any_level() {
    let TwoLevels { cache, near, far, clock } = two_levels();
    let stale = Entry::new("stale", Lifetime::new(clock.now(), Duration::ZERO).stale_for(TTL), []);
    near.set("near", stale.clone(), clock.now()).await.unwrap();
    far.set("far", stale, clock.now()).await.unwrap();

    let sources = [load(&cache, "near", "new").await.origin(), load(&cache, "far", "new").await.origin()];

    assert_eq!(sources, [Origin::Loader, Origin::Loader]);
}

#[tokio::test]
async fn removals_reach_every_level() {
    let TwoLevels { cache, far, clock, .. } = two_levels();
    for key in ["by key", "by tag", "by pattern", "by clear"] {
        cache.set(key, NewValue::new("value").tag(key)).await;
    }

    cache.remove("by key").await;
    let by_tag = cache.remove_by_tag("by tag").await;
    let by_pattern = cache.clear_matching("*pattern").await;
    let left = far.stats().await.unwrap().entries;
    cache.clear().await;

    assert_eq!((by_tag, by_pattern, left), (1, 1, 1));
    assert!(far.get("by clear", clock.now()).await.unwrap().is_none());
}

#[tokio::test]
async fn removal_between_the_writes_to_two_levels_applies_to_both() {
    let TwoLevels { cache, near, far, clock } = two_levels();
    far.gate.forget_permits(Semaphore::MAX_PERMITS);
    let load = SlowLoad::begin(&cache, "key", Ok("old")).await;
    load.release();
    while far.store.get_now("key", clock.now()).is_none() {
        tokio::task::yield_now().await;
    }

    let removal = cache.remove("key");
    let rest_of_the_load = async {
        while near.get_now("key", clock.now()).is_some() {
            tokio::task::yield_now().await;
        }
        far.gate.add_permits(1);
        load.end().await.unwrap();
    };
    futures::join!(removal, rest_of_the_load);

    assert!(near.get_now("key", clock.now()).is_none());
    assert!(far.store.get_now("key", clock.now()).is_none());
}

#[tokio::test]
async fn failure_of_a_level_is_counted_and_is_no_error_of_the_caller() {
    let TwoLevels { cache, far, .. } = two_levels();
    far.down.store(true, Ordering::Relaxed);

    let loaded = load(&cache, "key", "value").await;
    let hit = load(&cache, "key", "loaded again").await;
    cache.remove("key").await;

    assert_eq!((loaded.origin(), hit.origin().is_hit()), (Origin::Loader, true));
    let far = &cache.stats().await.levels[1];
    // The read, the write and the removal failed. An expiry because of the failed write and the removal are not applied
    // yet.
    assert_eq!((far.errors, far.skipped, far.unapplied, far.store), (3, 0, 2, None));
    assert!(far.is_unavailable);
}

#[tokio::test]
async fn each_level_counts_its_hits_and_misses() {
    let TwoLevels { cache, clock, .. } = two_levels();

    load(&cache, "key", "value").await;
    load(&cache, "key", "value").await;
    clock.advance(TTL);
    load(&cache, "key", "value").await;

    let stats = cache.stats().await;
    let count = |level: &LevelStats| (level.name, level.ttl, level.hits, level.misses);
    assert_eq!(count(&stats.levels[0]), ("memory", TTL, 1, 2));
    assert_eq!(count(&stats.levels[1]), ("far", FAR_TTL, 1, 1));
    assert_eq!((stats.hits, stats.misses), (2, 1));
}
