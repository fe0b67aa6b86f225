//! Eager refresh: values are loaded again before they become stale, and callers do not wait.

use std::{future::ready, sync::Arc, time::Duration};

use anilibria_cache::{
    Cache, Cached, Clock, Entry, Lifetime, ManualClock, MemoryStore, Options, Origin, Store,
};
use tokio::{sync::Semaphore, task::yield_now};

use super::{
    MIB, TTL, load,
    scripted::{Scripted, gate},
};

const FAR_TTL: Duration = Duration::from_hours(1);
const PAUSE: Duration = Duration::from_secs(10);
const EAGER: Options = Options::new().eager_refresh(0.5).retry_pause(PAUSE);

fn eager_cache(store: impl Store) -> (Cache, ManualClock) {
    let clock = ManualClock::default();
    let cache = Cache::builder().level(store).ttl(TTL).options(EAGER).clock(clock.clone()).build();
    (cache, clock)
}

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
        .ttl(FAR_TTL)
        .options(EAGER)
        .clock(clock.clone())
        .build();
    TwoLevels { cache, near, far, clock }
}

/// Looks up a key with a loader that returns `new` when the gate is opened.
async fn ask(cache: &Cache, gate: &Arc<Semaphore>) -> Cached {
    let gate = Arc::clone(gate);
    let loader = || async move {
        gate.acquire().await.unwrap().forget();
        Ok::<_, String>("new")
    };
    cache.get_or_load("key", [], loader).await.unwrap()
}

async fn until_value(cache: &Cache, value: &str) {
    while cache.peek("key").await.is_none_or(|cached| cached.value() != value) {
        yield_now().await;
    }
}

async fn yield_to_tasks() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test]
async fn eager_refresh_serves_the_current_value_and_loads_once() {
    for store in [None, Some(Scripted::new())] {
        let (cache, clock) = match store {
            None => eager_cache(MemoryStore::new(MIB)),
            Some(awaited) => eager_cache(awaited),
        };
        cache.set("key", "old").await;
        let gate = gate();

        clock.advance((TTL / 2).saturating_sub(Duration::from_nanos(1)));
        ask(&cache, &gate).await;
        yield_to_tasks().await;
        let early = cache.stats().await.loads;
        clock.advance(Duration::from_nanos(1));
        for _ in 0..10 {
            let hit = ask(&cache, &gate).await;
            assert!(!hit.is_stale() && hit.value() == "old");
            yield_to_tasks().await;
        }
        gate.add_permits(10);
        until_value(&cache, "new").await;

        let stats = cache.stats().await;
        assert_eq!((early, stats.loads, stats.eager_refreshes, stats.hits), (0, 1, 1, 11));
    }
}

#[tokio::test]
async fn caller_of_a_stale_value_waits_for_the_refresh() {
    let (cache, clock) = eager_cache(MemoryStore::new(MIB));
    cache.set("key", "old").await;
    let gate = gate();
    clock.advance(TTL / 2);
    ask(&cache, &gate).await;
    clock.advance(TTL / 2);

    let waiter = super::wait_for(&cache, "key");
    super::until_coalesced(&cache, 1).await;
    gate.add_permits(1);

    assert_eq!(waiter.await.unwrap().unwrap().value(), "new");
    assert_eq!(cache.stats().await.loads, 1);
}

#[tokio::test]
async fn failed_refresh_is_hidden_and_repeated_after_a_pause() {
    let (cache, clock) = eager_cache(MemoryStore::new(MIB));
    cache.set("key", "old").await;
    clock.advance(TTL / 2);
    let fail = || async { cache.get_or_load("key", [], || ready(Err::<&str, _>("down"))).await.unwrap() };

    let mut loads = Vec::new();
    for pause in [Duration::ZERO, PAUSE / 2, PAUSE / 2] {
        clock.advance(pause);
        let hit = fail().await;
        assert!(!hit.is_stale() && hit.value() == "old");
        yield_to_tasks().await;
        loads.push(cache.stats().await.loads);
    }

    assert_eq!(loads, [1, 1, 2]);
}

#[tokio::test]
async fn value_refreshed_by_another_instance_is_copied_instead_of_loaded() {
    let TwoLevels { cache, far, clock, .. } = two_levels();
    cache.set("key", "old").await;
    clock.advance(TTL / 2);
    let theirs = Entry::new("theirs", Lifetime::new(clock.now(), FAR_TTL), []);
    far.store.set("key", theirs, clock.now()).await.unwrap();

    let hit = load(&cache, "key", "mine").await;
    until_value(&cache, "theirs").await;

    assert_eq!(hit.value(), "old");
    assert_eq!(cache.stats().await.loads, 0);
}

#[tokio::test]
async fn value_of_a_further_level_is_refreshed_in_the_background() {
    let TwoLevels { cache, far, clock, .. } = two_levels();
    cache.set("key", "old").await;
    clock.advance(FAR_TTL / 2);

    let hit = load(&cache, "key", "new").await;
    until_value(&cache, "new").await;
    yield_to_tasks().await;

    assert_eq!((hit.origin(), &hit.value()[..]), (Origin::Level { index: 1, name: "far" }, &b"old"[..]));
    assert_eq!(far.store.get("key", clock.now()).await.unwrap().unwrap().value(), "new");
    assert_eq!(cache.stats().await.eager_refreshes, 1);
}

#[tokio::test]
async fn failed_refresh_does_not_extend_the_ttl_on_the_nearest_level() {
    let TwoLevels { cache, near, clock, .. } = two_levels();
    cache.set("key", "old").await;
    clock.advance(FAR_TTL / 2);

    cache.get_or_load("key", [], || ready(Err::<&str, _>("down"))).await.unwrap();
    while cache.stats().await.load_failures == 0 {
        yield_now().await;
    }
    yield_to_tasks().await;

    let life = near.get_now("key", clock.now()).unwrap().lifetime();
    assert_eq!((life.refresh_at, life.fresh_until), (clock.now() + PAUSE, clock.now() + TTL));
}

#[tokio::test]
async fn value_removed_during_its_refresh_is_not_stored() {
    let (cache, clock) = eager_cache(MemoryStore::new(MIB));
    cache.set("key", "old").await;
    clock.advance(TTL / 2);
    let gate = gate();
    ask(&cache, &gate).await;
    while cache.stats().await.loads == 0 {
        yield_now().await;
    }

    cache.remove("key").await;
    gate.add_permits(1);
    yield_to_tasks().await;

    assert!(cache.peek("key").await.is_none());
}
