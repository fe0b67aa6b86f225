//! Changes between two steps of one operation must not bring back an old value.

use std::{
    convert::Infallible,
    future::ready,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use anilibria_cache::{
    Action, Cache, Clock, Entry, Invalidation, ManualClock, MemoryStore, NewValue, Options, Result, Scope,
    Store, StoreStats,
};
use async_trait::async_trait;
use futures::FutureExt;
use tokio::task::yield_now;

use super::{
    MIB, TTL, load,
    scripted::{Behaviour, Op, Scripted, gate},
};

struct TwoLevels {
    cache: Cache,
    near: MemoryStore,
    far: Scripted,
    clock: ManualClock,
}

fn two_levels() -> TwoLevels {
    let (near, far, clock) = (MemoryStore::new(64 * MIB), Scripted::new(), ManualClock::default());
    let cache = Cache::builder()
        .level(near.clone())
        .ttl(TTL)
        .level(far.clone())
        .ttl(TTL)
        .clock(clock.clone())
        .build();
    TwoLevels { cache, near, far, clock }
}

async fn until_called(store: &Scripted, op: Op, more_than: u64) {
    while store.calls(op) <= more_than {
        yield_now().await;
    }
    // The operation has begun. It runs until it has to wait.
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test]
async fn previous_value_of_a_key_that_is_being_set_is_not_read() {
    let TwoLevels { cache, near, far, clock } = two_levels();
    cache.set("key", "old").await;
    let slow = gate();
    far.on(Op::Set, Behaviour::Before(Arc::clone(&slow)));
    let sets = far.calls(Op::Set);

    let setter = {
        let cache = cache.clone();
        tokio::spawn(async move { cache.set("key", "new").await })
    };
    until_called(&far, Op::Set, sets).await;
    let hit = load(&cache, "key", "loaded").await;
    near.invalidate(&Invalidation::remove(Scope::All), clock.now()).await.unwrap();
    let reader = {
        let cache = cache.clone();
        tokio::spawn(async move { load(&cache, "key", "loaded").await })
    };
    until_called(&far, Op::Get, 0).await;
    slow.add_permits(10);
    setter.await.unwrap();

    assert_eq!((hit.value(), reader.await.unwrap().value()), (&"new".into(), &"loaded".into()));
}

#[tokio::test]
async fn value_loaded_before_the_key_was_set_is_not_stored() {
    let TwoLevels { cache, near, far, clock } = two_levels();
    let slow = gate();
    far.on(Op::Set, Behaviour::Before(Arc::clone(&slow)));

    let loader = load(&cache, "key", "loaded").await;
    until_called(&far, Op::Set, 0).await;
    let setter = {
        let cache = cache.clone();
        tokio::spawn(async move { cache.set("key", "set").await })
    };
    slow.add_permits(10);
    setter.await.unwrap();

    let levels = [near.get_now("key", clock.now()), far.store.get_now("key", clock.now())];
    assert_eq!(loader.value(), "loaded");
    assert!(levels.into_iter().all(|entry| entry.unwrap().value() == "set"));
}

#[tokio::test]
async fn invalidation_waits_for_writes_of_older_values() {
    for action in [Action::Expire, Action::Remove] {
        let TwoLevels { cache, near, far, clock } = two_levels();
        let slow = gate();
        far.on(Op::Set, Behaviour::Before(Arc::clone(&slow)));
        load(&cache, "key", "old").await;
        until_called(&far, Op::Set, 0).await;

        let of_task = cache.clone();
        let invalidation = tokio::spawn(async move {
            of_task.invalidate(Invalidation { scope: Scope::All, action }).await;
        });
        for _ in 0..100 {
            yield_now().await;
        }
        let ended_early = invalidation.is_finished();
        slow.add_permits(1);
        invalidation.await.unwrap();

        let now = clock.now();
        let left = [near.get_now("key", now), far.store.get_now("key", now)];
        assert!(!ended_early, "{action:?}");
        assert!(left.iter().flatten().all(|entry| !entry.is_fresh(now)), "{action:?}");
        assert!(action == Action::Expire || left.iter().all(Option::is_none), "{action:?}");
    }
}

#[tokio::test]
async fn value_on_a_level_with_a_pending_removal_is_not_found() {
    let TwoLevels { cache, near, far, clock } = two_levels();
    cache.set("key", "old").await;
    let slow = gate();
    far.on(Op::Invalidate, Behaviour::Before(Arc::clone(&slow)));
    let of_task = cache.clone();
    let removal = tokio::spawn(async move { of_task.remove("key").await });
    until_called(&far, Op::Invalidate, 0).await;
    near.invalidate(&Invalidation::remove(Scope::All), clock.now()).await.unwrap();

    let found = load(&cache, "key", "loaded").await;
    let copied = near.get_now("key", clock.now());
    slow.add_permits(10);
    removal.await.unwrap();

    assert_eq!(found.value(), "loaded");
    assert_eq!(copied.unwrap().value(), "loaded");
    assert!(far.store.get_now("key", clock.now()).is_none_or(|entry| entry.value() == "loaded"));
}

#[tokio::test]
async fn caller_after_an_invalidation_does_not_join_an_earlier_load() {
    let TwoLevels { cache, .. } = two_levels();
    let gate = gate();
    let before = {
        let (cache, gate) = (cache.clone(), Arc::clone(&gate));
        tokio::spawn(async move {
            let loader = || async move {
                gate.acquire().await.unwrap().forget();
                Ok::<_, Infallible>(NewValue::new("old").tag("known to the loader alone"))
            };
            cache.get_or_load("key", [], loader).await.unwrap()
        })
    };
    while cache.stats().await.loads == 0 {
        yield_now().await;
    }

    cache.remove_by_tag("known to the loader alone").await;
    let after = {
        let cache = cache.clone();
        tokio::spawn(async move { load(&cache, "key", "new").await })
    };
    super::until_coalesced(&cache, 1).await;
    gate.add_permits(1);

    assert_eq!(before.await.unwrap().value(), "old");
    assert_eq!(after.await.unwrap().value(), "new");
}

#[tokio::test]
async fn value_removed_before_a_failed_refresh_is_not_restored() {
    let (near, clock) = (Interrupted::default(), ManualClock::default());
    let options = Options::new().eager_refresh(0.5).fail_safe(Duration::from_hours(1));
    let cache = Cache::builder().level(near.clone()).ttl(TTL).options(options).clock(clock.clone()).build();
    cache.set("key", "old").await;
    clock.advance(TTL / 2);
    let of_store = cache.clone();
    near.after_next_lookup(move || of_store.remove("key").now_or_never().unwrap());

    let hit = cache.get_or_load("key", [], || ready(Err::<&str, _>("down"))).await.unwrap();
    for _ in 0..100 {
        yield_now().await;
    }

    assert_eq!(hit.value(), "old");
    assert!(cache.peek("key").await.is_none());
}

#[tokio::test]
async fn stale_value_removed_before_a_failed_load_is_not_restored() {
    let (near, clock) = (Interrupted::default(), ManualClock::default());
    let options = Options::new().fail_safe(Duration::from_hours(1));
    let cache = Cache::builder().level(near.clone()).ttl(TTL).options(options).clock(clock.clone()).build();
    cache.set("key", "old").await;
    clock.advance(TTL);
    let of_store = cache.clone();
    near.after_next_lookup(move || of_store.remove("key").now_or_never().unwrap());

    let _ = cache.get_or_load("key", [], || ready(Err::<&str, _>("down"))).await;
    let later = cache.get_or_load("key", [], || ready(Err::<&str, _>("down"))).await;

    assert!(later.is_err());
}

/// A store in memory that runs a function of the test after the next lookup.
#[derive(Clone)]
struct Interrupted {
    store: MemoryStore,
    interruption: Arc<Mutex<Option<Interruption>>>,
}

type Interruption = Box<dyn FnOnce() + Send>;

impl Interrupted {
    fn after_next_lookup(&self, interruption: impl FnOnce() + Send + 'static) {
        *self.interruption.lock().unwrap() = Some(Box::new(interruption));
    }
}

impl Default for Interrupted {
    fn default() -> Self {
        Self { store: MemoryStore::new(MIB), interruption: Arc::default() }
    }
}

#[async_trait]
impl Store for Interrupted {
    fn name(&self) -> &'static str {
        "interrupted"
    }

    fn get_now(&self, key: &str, now: SystemTime) -> Option<Entry> {
        let entry = self.store.get_now(key, now);
        let interruption = self.interruption.lock().unwrap().take();
        if let Some(interruption) = interruption {
            interruption();
        }
        entry
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        self.store.get(key, now).await
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        self.store.set(key, entry, now).await
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        self.store.invalidate(invalidation, now).await
    }

    async fn ping(&self) -> Result<()> {
        self.store.ping().await
    }

    async fn stats(&self) -> Result<StoreStats> {
        self.store.stats().await
    }
}

#[tokio::test]
async fn waiting_caller_continues_the_lookup_of_a_dropped_caller() {
    let TwoLevels { cache, far, .. } = two_levels();
    let slow = gate();
    far.on(Op::Get, Behaviour::Before(Arc::clone(&slow)));
    let call = || {
        let cache = cache.clone();
        tokio::spawn(async move { load(&cache, "key", "value").await })
    };

    let first = call();
    until_called(&far, Op::Get, 0).await;
    let second = call();
    super::until_coalesced(&cache, 1).await;
    first.abort();
    slow.add_permits(10);

    assert_eq!(second.await.unwrap().value(), "value");
    assert_eq!(cache.stats().await.loads, 1);
}
