//! Fail-safe: stale values are served while loads fail.

use std::{future::ready, time::Duration};

use anilibria_cache::{
    Cache, Cached, Clock, Entry, Lifetime, LoadError, ManualClock, MemoryStore, NewValue, Options, Origin,
    Store,
};

use super::{MIB, TTL, load, scripted::Scripted};

const MAX_AGE: Duration = Duration::from_hours(1);
const PAUSE: Duration = Duration::from_secs(10);
const FAIL_SAFE: Options = Options::new().fail_safe(MAX_AGE).retry_pause(PAUSE);

fn safe_cache() -> (Cache, ManualClock) {
    let clock = ManualClock::default();
    let cache = Cache::builder()
        .level(MemoryStore::new(64 * MIB))
        .ttl(TTL)
        .options(FAIL_SAFE)
        .clock(clock.clone())
        .build();
    (cache, clock)
}

/// Returns a cache of two levels with equal TTLs, and its stores.
fn two_levels() -> (Cache, MemoryStore, Scripted, ManualClock) {
    let (near, far, clock) = (MemoryStore::new(64 * MIB), Scripted::new(), ManualClock::default());
    let cache = Cache::builder()
        .level(near.clone())
        .ttl(TTL)
        .level(far.clone())
        .ttl(TTL)
        .options(FAIL_SAFE)
        .clock(clock.clone())
        .build();
    (cache, near, far, clock)
}

async fn fail(cache: &Cache, key: &str) -> Result<Cached, LoadError<&'static str>> {
    cache.get_or_load(key, [], || ready(Err::<&str, _>("down"))).await
}

async fn loads(cache: &Cache) -> u64 {
    cache.stats().await.loads
}

#[tokio::test]
async fn stale_value_is_served_if_the_loader_fails() {
    let (cache, clock) = safe_cache();
    load(&cache, "key", "old").await;
    clock.advance(TTL);

    let served = fail(&cache, "key").await.unwrap();

    assert!(served.is_stale() && served.value() == "old");
    assert_eq!(served.origin(), Origin::Level { index: 0, name: "memory" });
    let stats = cache.stats().await;
    assert_eq!((stats.stale, stats.load_failures, stats.misses), (1, 1, 1));
}

#[tokio::test]
async fn stale_value_is_served_if_the_loader_panics() {
    let (cache, clock) = safe_cache();
    load(&cache, "key", "old").await;
    clock.advance(TTL);

    let served = cache.get_or_load("key", [], || async { must_not_run() }).await.unwrap();

    assert!(served.is_stale() && served.value() == "old");
}

fn must_not_run() -> Result<&'static str, String> {
    panic!("this panic is part of a test");
}

#[tokio::test(start_paused = true)]
async fn stale_value_is_served_if_the_load_exceeds_its_limit() {
    let (cache, clock) = safe_cache();
    load(&cache, "key", "old").await;
    clock.advance(TTL);

    let served = cache
        .get_or_load_with(&Options::new().load_limit(TTL), "key", [], |_| {
            std::future::pending::<Result<&str, &str>>()
        })
        .await
        .unwrap();

    assert!(served.is_stale() && served.value() == "old");
}

#[tokio::test]
async fn stale_value_is_served_until_the_end_of_fail_safe() {
    let (cache, clock) = safe_cache();
    load(&cache, "key", "old").await;

    clock.advance(TTL + MAX_AGE.saturating_sub(Duration::from_nanos(1)));
    let last = fail(&cache, "key").await;
    clock.advance(Duration::from_nanos(1));
    let late = fail(&cache, "key").await;

    assert!(last.unwrap().is_stale());
    assert_eq!(late.unwrap_err().loader_error(), Some(&"down"));
}

#[tokio::test]
async fn failed_load_is_not_repeated_during_the_retry_pause() {
    let (cache, clock) = safe_cache();
    load(&cache, "key", "old").await;
    clock.advance(TTL);
    fail(&cache, "key").await.unwrap();

    clock.advance(PAUSE.saturating_sub(Duration::from_nanos(1)));
    let meanwhile = load(&cache, "key", "new").await;
    clock.advance(Duration::from_nanos(1));
    let afterwards = load(&cache, "key", "new").await;

    assert!(meanwhile.is_stale() && meanwhile.value() == "old");
    assert!(!afterwards.is_stale() && afterwards.value() == "new");
    assert_eq!(loads(&cache).await, 3);
}

#[tokio::test]
async fn retry_pause_applies_without_immediate_reads() {
    let clock = ManualClock::default();
    let cache =
        Cache::builder().level(Scripted::new()).ttl(TTL).options(FAIL_SAFE).clock(clock.clone()).build();
    load(&cache, "key", "old").await;
    clock.advance(TTL);
    fail(&cache, "key").await.unwrap();

    let meanwhile = load(&cache, "key", "new").await;
    clock.advance(PAUSE);
    let afterwards = load(&cache, "key", "new").await;

    assert!(meanwhile.is_stale() && meanwhile.value() == "old");
    assert!(!afterwards.is_stale() && afterwards.value() == "new");
}

#[tokio::test]
async fn expired_key_is_loaded_during_the_retry_pause() {
    let (cache, clock) = safe_cache();
    load(&cache, "key", "old").await;
    clock.advance(TTL);
    fail(&cache, "key").await.unwrap();

    cache.expire("key").await;

    assert_eq!(load(&cache, "key", "new").await.value(), "new");
}

#[tokio::test]
async fn call_can_disable_fail_safe() {
    let (cache, clock) = safe_cache();
    load(&cache, "key", "old").await;
    clock.advance(TTL);
    let strict = Options::new().fail_safe(Duration::ZERO);

    let refused =
        cache.get_or_load_with(&strict, "key", [], |_| ready(Err::<&str, _>("down"))).await.unwrap_err();
    let served = fail(&cache, "key").await.unwrap();

    assert_eq!(refused.loader_error(), Some(&"down"));
    assert!(served.is_stale());
}

#[tokio::test]
async fn error_is_returned_without_fail_safe() {
    let (cache, clock) = super::cache();
    load(&cache, "key", "old").await;
    clock.advance(TTL);

    let failed = fail(&cache, "key").await;

    assert_eq!(failed.unwrap_err().loader_error(), Some(&"down"));
}

#[tokio::test]
async fn newest_of_several_stale_values_is_served() {
    for (older, newer) in [(0, 1), (1, 0)] {
        let (cache, near, far, clock) = two_levels();
        let start = clock.now();
        let stale = |value: &'static str, age: u32| {
            Entry::new(value, Lifetime::new(start + age * TTL, Duration::ZERO).stale_for(MAX_AGE), [])
        };
        clock.advance(2 * TTL);
        let levels: [&dyn Store; 2] = [&near, &far];
        levels[older].set("key", stale("older", 0), clock.now()).await.unwrap();
        levels[newer].set("key", stale("newer", 1), clock.now()).await.unwrap();

        let served = fail(&cache, "key").await.unwrap();

        let name = ["memory", "far"][newer];
        assert_eq!(served.origin(), Origin::Level { index: newer, name });
        assert!(served.is_stale() && served.value() == "newer");
    }
}

#[tokio::test]
async fn fresh_value_of_a_further_level_is_preferred_to_a_stale_one() {
    let (cache, near, _, clock) = two_levels();
    load(&cache, "key", "fresh").await;
    let stale = Entry::new("stale", Lifetime::new(clock.now(), Duration::ZERO).stale_for(MAX_AGE), []);
    near.set("key", stale, clock.now()).await.unwrap();

    let served = fail(&cache, "key").await.unwrap();

    assert!(!served.is_stale() && served.value() == "fresh");
}

#[tokio::test]
async fn fail_safe_serves_expired_values_and_not_removed_ones() {
    let (cache, ..) = two_levels();
    load(&cache, "expired", "old").await;
    load(&cache, "removed", "old").await;

    cache.expire("expired").await;
    cache.remove("removed").await;
    let (expired, removed) = (fail(&cache, "expired").await, fail(&cache, "removed").await);

    assert!(expired.unwrap().is_stale());
    assert_eq!(removed.unwrap_err().loader_error(), Some(&"down"));
}

#[tokio::test]
async fn value_removed_during_the_load_is_not_served_to_later_callers() {
    let (cache, clock) = safe_cache();
    load(&cache, "key", "old").await;
    clock.advance(TTL);
    let slow = super::SlowLoad::begin(&cache, "key", Err("down")).await;

    cache.remove("key").await;
    slow.end().await.unwrap();

    assert_eq!(fail(&cache, "key").await.unwrap_err().loader_error(), Some(&"down"));
}

#[tokio::test]
async fn absent_value_can_be_served_stale() {
    let (cache, clock) = safe_cache();
    cache.set("key", NewValue::absent()).await;
    clock.advance(TTL);

    let served = fail(&cache, "key").await.unwrap();

    assert!(served.is_stale() && served.is_absent());
}

#[tokio::test]
async fn stale_value_is_replaced_by_the_next_loaded_one() {
    let (cache, near, far, clock) = two_levels();
    load(&cache, "key", "old").await;
    clock.advance(TTL);
    fail(&cache, "key").await.unwrap();
    clock.advance(PAUSE);

    load(&cache, "key", "new").await;

    let values = [near.get("key", clock.now()).await, far.store.get("key", clock.now()).await];
    assert!(values.into_iter().all(|entry| entry.unwrap().unwrap().value() == "new"));
}
