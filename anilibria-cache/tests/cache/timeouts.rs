//! Time limits of callers, and loads that continue after them.

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use anilibria_cache::{
    Cache, Cached, Clock, Invalidation, LoadError, ManualClock, MemoryStore, Options, Origin, Scope, Store,
};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, yield_now},
};

use super::{
    MIB, SlowLoad, TTL, load,
    scripted::{Behaviour, Op, Scripted, gate},
    until_coalesced,
};

const SOFT: Duration = Duration::from_millis(100);
const HARD: Duration = Duration::from_millis(300);
const OPTIONS: Options = Options::new().fail_safe(Duration::from_hours(1));

fn cache_with(options: Options) -> (Cache, ManualClock) {
    let clock = ManualClock::default();
    let cache = Cache::builder()
        .level(MemoryStore::new(64 * MIB))
        .ttl(TTL)
        .options(options)
        .clock(clock.clone())
        .build();
    (cache, clock)
}

/// Looks up `key` with a loader that returns when the gate is opened.
fn ask(
    cache: &Cache,
    options: Options,
    gate: &Arc<Semaphore>,
) -> JoinHandle<Result<Cached, LoadError<Infallible>>> {
    let (cache, gate) = (cache.clone(), Arc::clone(gate));
    tokio::spawn(async move {
        let loader = |_| async move {
            gate.acquire().await.unwrap().forget();
            Ok("new")
        };
        cache.get_or_load_with(&options, "key", [], loader).await
    })
}

async fn until_stored(cache: &Cache, value: &str) {
    while cache.peek("key").await.is_none_or(|cached| cached.value() != value) {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn soft_timeout_serves_the_stale_value_and_stores_the_load() {
    let (cache, clock) = cache_with(OPTIONS.soft_timeout(SOFT));
    load(&cache, "key", "old").await;
    clock.advance(TTL);
    let gate = gate();

    let served = ask(&cache, Options::new(), &gate).await.unwrap().unwrap();
    gate.add_permits(1);
    until_stored(&cache, "new").await;

    assert!(served.is_stale() && served.value() == "old");
    assert_eq!(load(&cache, "key", "loaded again").await.value(), "new");
    assert_eq!(cache.stats().await.loads, 2);
}

#[tokio::test(start_paused = true)]
async fn load_shorter_than_the_soft_timeout_is_awaited() {
    let (cache, clock) = cache_with(OPTIONS.soft_timeout(SOFT));
    load(&cache, "key", "old").await;
    clock.advance(TTL);

    let loader = || async {
        tokio::time::sleep(SOFT / 2).await;
        Ok::<_, Infallible>("new")
    };
    let served = cache.get_or_load("key", [], loader).await.unwrap();

    assert!(!served.is_stale() && served.value() == "new");
}

#[tokio::test(start_paused = true)]
async fn soft_timeout_has_no_effect_without_a_stale_value() {
    let (cache, _) = cache_with(OPTIONS.soft_timeout(SOFT));

    let loader = || async {
        tokio::time::sleep(10 * SOFT).await;
        Ok::<_, Infallible>("new")
    };
    let served = cache.get_or_load("key", [], loader).await.unwrap();

    assert_eq!(served.value(), "new");
}

#[tokio::test(start_paused = true)]
async fn soft_timeout_applies_to_the_lookup_on_a_level() {
    let (far, clock) = (Scripted::new(), ManualClock::default());
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .ttl(TTL)
        .level(far.clone())
        .timeout(Duration::MAX)
        .ttl(TTL)
        .options(OPTIONS.soft_timeout(SOFT))
        .clock(clock.clone())
        .build();
    cache.set("key", "old").await;
    clock.advance(TTL);
    let (slow, gate) = (gate(), gate());
    far.on(Op::Get, Behaviour::Before(Arc::clone(&slow)));

    let served = ask(&cache, Options::new(), &gate).await.unwrap().unwrap();
    slow.add_permits(100);
    gate.add_permits(1);
    until_stored(&cache, "new").await;

    assert!(served.is_stale() && served.value() == "old");
}

#[tokio::test(start_paused = true)]
async fn soft_timeout_serves_the_stale_value_of_a_further_level() {
    for options in [Options::new().soft_timeout(SOFT), Options::new().hard_timeout(HARD)] {
        let (near, clock) = (MemoryStore::new(MIB), ManualClock::default());
        let cache = Cache::builder()
            .level(near.clone())
            .ttl(TTL)
            .level(Scripted::new())
            .ttl(TTL)
            .options(OPTIONS)
            .clock(clock.clone())
            .build();
        cache.set("key", "old").await;
        near.invalidate(&Invalidation::remove(Scope::All), clock.now()).await.unwrap();
        clock.advance(TTL);

        let served = ask(&cache, options, &gate()).await.unwrap().unwrap();

        assert!(served.is_stale() && served.value() == "old", "{options:?}");
        assert_eq!(served.origin(), Origin::Level { index: 1, name: "far" });
    }
}

#[tokio::test(start_paused = true)]
async fn hard_timeout_is_an_error_and_stores_the_load() {
    let (cache, _) = cache_with(Options::new().hard_timeout(HARD));
    let gate = gate();

    let timed_out = ask(&cache, Options::new(), &gate).await.unwrap();
    gate.add_permits(1);
    until_stored(&cache, "new").await;

    assert!(matches!(timed_out, Err(LoadError::TimedOut)));
    assert_eq!(load(&cache, "key", "loaded again").await.value(), "new");
}

#[tokio::test(start_paused = true)]
async fn hard_timeout_serves_a_stale_value() {
    let (cache, clock) = cache_with(OPTIONS.hard_timeout(HARD));
    load(&cache, "key", "old").await;
    clock.advance(TTL);

    let served = ask(&cache, Options::new(), &gate()).await.unwrap().unwrap();

    assert!(served.is_stale());
    assert_eq!(served.origin(), Origin::Level { index: 0, name: "memory" });
}

#[tokio::test(start_paused = true)]
async fn each_caller_has_its_own_time_limit() {
    let (cache, clock) = cache_with(OPTIONS);
    load(&cache, "key", "old").await;
    clock.advance(TTL);
    let gate = gate();

    let patient = ask(&cache, Options::new(), &gate);
    let hasty = ask(&cache, Options::new().soft_timeout(SOFT), &gate).await.unwrap().unwrap();
    let strict =
        ask(&cache, Options::new().hard_timeout(HARD).fail_safe(Duration::ZERO), &gate).await.unwrap();
    gate.add_permits(1);

    assert!(hasty.is_stale());
    assert!(matches!(strict, Err(LoadError::TimedOut)));
    assert_eq!(patient.await.unwrap().unwrap().value(), "new");
}

#[tokio::test(start_paused = true)]
async fn hanging_load_ends_at_its_limit_and_releases_its_key() {
    let (cache, _) = cache_with(Options::new().load_limit(HARD));

    let hung = cache.get_or_load("key", [], pending::<Result<&str, Infallible>>).await;
    let retried = load(&cache, "key", "new").await;

    assert!(matches!(hung, Err(LoadError::TimedOut)));
    assert_eq!(retried.value(), "new");
    assert_eq!(cache.stats().await.load_failures, 1);
}

#[tokio::test]
async fn thousand_waiting_callers_receive_the_stale_value_of_one_load() {
    let (cache, clock) = cache_with(OPTIONS);
    load(&cache, "key", "old").await;
    clock.advance(TTL);
    let slow = SlowLoad::begin(&cache, "key", Err("down")).await;
    let waiters: Vec<_> = (0..1_000).map(|_| super::wait_for(&cache, "key")).collect();
    until_coalesced(&cache, 1_000).await;

    slow.end().await.unwrap();
    let results = futures::future::try_join_all(waiters).await.unwrap();

    assert!(results.into_iter().all(|result| result.unwrap().is_stale()));
    let stats = cache.stats().await;
    assert_eq!((stats.loads, stats.stale), (2, 1_001));
}

#[tokio::test]
async fn number_of_concurrent_loads_is_limited() {
    let cache = Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).max_loads(1).build();
    let first = SlowLoad::begin(&cache, "first", Ok("value")).await;

    let second = {
        let cache = cache.clone();
        tokio::spawn(async move { load(&cache, "second", "value").await })
    };
    for _ in 0..100 {
        yield_now().await;
    }
    let running = cache.stats().await.loads;
    first.end().await.unwrap();

    assert_eq!(running, 1);
    assert_eq!(second.await.unwrap().value(), "value");
}

#[tokio::test]
async fn nested_loads_need_no_permit() {
    let cache = Cache::builder().level(MemoryStore::new(MIB)).ttl(TTL).max_loads(2).build();
    let page = |number: u8| {
        let (cache, inner) = (cache.clone(), cache.clone());
        let loader = move || async move {
            // Both pages hold their permits before either looks up its part.
            yield_now().await;
            let key = format!("part:{number}");
            let part = inner.get_or_load(&key, [], || async { Ok::<_, String>("part") }).await;
            part.map(Cached::into_value).map_err(|error| error.to_string())
        };
        tokio::spawn(async move { cache.get_or_load(&format!("page:{number}"), [], loader).await })
    };

    for task in [page(1), page(2)] {
        assert_eq!(task.await.unwrap().unwrap().value(), "part");
    }
    assert_eq!(cache.stats().await.loads, 4);
}
