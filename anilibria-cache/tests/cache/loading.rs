//! Hits, expiry, and one load for each key.

use std::{
    convert::Infallible,
    future::{Future, pending, ready},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use anilibria_cache::{Clock, LoadError, NewValue, Origin};
use bytes::Bytes;

use super::{SlowLoad, TTL, cache, load, until_coalesced, wait_for};

#[tokio::test]
async fn hit_returns_the_loaded_bytes_without_a_copy() {
    let (cache, _) = cache();
    let bytes = Bytes::from(vec![7; 55_000]);
    let address = bytes.as_ptr();
    cache.get_or_load("key", [], move || ready(Ok::<_, Infallible>(bytes))).await.unwrap();

    let hit = load(&cache, "key", "loaded again").await;

    assert_eq!(hit.origin(), Origin::Level { index: 0, name: "memory" });
    assert_eq!(hit.value().as_ptr(), address);
    assert_eq!(hit.into_value().as_ptr(), address);
}

#[tokio::test]
async fn value_is_loaded_again_after_its_ttl() {
    let (cache, clock) = cache();
    let first = load(&cache, "key", "first").await;

    clock.advance(TTL.saturating_sub(Duration::from_nanos(1)));
    let last_hit = load(&cache, "key", "second").await;
    clock.advance(Duration::from_nanos(1));
    let reloaded = load(&cache, "key", "second").await;

    assert_eq!((first.origin(), &first.value()[..]), (Origin::Loader, &b"first"[..]));
    assert_eq!(last_hit.value(), "first");
    assert_eq!((reloaded.origin(), &reloaded.value()[..]), (Origin::Loader, &b"second"[..]));
}

#[tokio::test]
async fn value_contains_its_end_of_freshness() {
    let (cache, clock) = cache();
    let until = clock.now() + TTL;

    let loaded = load(&cache, "key", "value").await;
    clock.advance(TTL / 2);
    let hit = load(&cache, "key", "value").await;

    assert_eq!([loaded.fresh_until(), hit.fresh_until()], [until, until]);
}

#[tokio::test]
async fn a_loader_chooses_ttl_and_adds_tags() {
    let (cache, clock) = cache();
    let value = NewValue::new("value").ttl(2 * TTL).tag("late");

    let loaded =
        cache.get_or_load("key", ["early".into()], || ready(Ok::<_, Infallible>(value))).await.unwrap();

    assert_eq!(loaded.fresh_until(), clock.now() + 2 * TTL);
    assert_eq!(loaded.tags(), ["early".into(), "late".into()]);
}

#[tokio::test]
async fn value_with_zero_ttl_is_not_stored() {
    let (cache, _) = cache();
    let value = NewValue::new("value").ttl(Duration::ZERO);

    let loaded = cache.get_or_load("key", [], || ready(Ok::<_, Infallible>(value))).await.unwrap();

    assert_eq!(loaded.value(), "value");
    assert!(cache.peek("key").await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_callers_of_a_cold_key_cause_one_load() {
    let (cache, _) = cache();
    let load = SlowLoad::begin(&cache, "key", Ok("value")).await;
    let waiters: Vec<_> = (0..999).map(|_| wait_for(&cache, "key")).collect();
    until_coalesced(&cache, 999).await;

    load.end().await.unwrap();
    let results = futures::future::try_join_all(waiters).await.unwrap();

    assert!(results.into_iter().all(|result| result.unwrap().value() == "value"));
    let stats = cache.stats().await;
    assert_eq!((stats.loads, stats.coalesced, stats.misses, stats.hits), (1, 999, 1000, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unsynchronized_stampede_causes_one_load() {
    let (cache, _) = cache();

    let callers = (0..1000).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move { load(&cache, "key", "value").await })
    });
    let results = futures::future::try_join_all(callers).await.unwrap();

    assert!(results.iter().all(|result| result.value() == "value"));
    let stats = cache.stats().await;
    assert_eq!((stats.loads, stats.hits + stats.misses), (1, 1000));
}

#[tokio::test]
async fn load_continues_when_its_first_caller_is_dropped() {
    let (cache, _) = cache();
    let load = SlowLoad::begin(&cache, "key", Ok("value")).await;
    let waiter = wait_for(&cache, "key");
    until_coalesced(&cache, 1).await;

    load.caller.abort();
    load.release();

    assert_eq!(waiter.await.unwrap().unwrap().value(), "value");
    assert_eq!(cache.stats().await.loads, 1);
}

#[tokio::test]
async fn value_is_stored_when_all_callers_are_dropped() {
    let (cache, _) = cache();
    let load = SlowLoad::begin(&cache, "key", Ok("value")).await;

    load.caller.abort();
    load.release();
    let later = wait_for(&cache, "key").await.unwrap();

    assert_eq!(later.unwrap().value(), "value");
}

#[tokio::test]
async fn error_reaches_all_waiting_callers_and_the_next_call_loads() {
    let (cache, _) = cache();
    let load = SlowLoad::begin(&cache, "key", Err("upstream is down")).await;
    let waiter = wait_for(&cache, "key");
    until_coalesced(&cache, 1).await;

    let errors = [load.end().await.unwrap_err(), waiter.await.unwrap().unwrap_err()];
    let retried = SlowLoad::begin(&cache, "key", Ok("value")).await.end().await;

    assert!(errors.iter().all(|error| error.loader_error().unwrap() == "upstream is down"));
    assert_eq!(retried.unwrap().value(), "value");
    let stats = cache.stats().await;
    assert_eq!((stats.loads, stats.load_failures, stats.misses), (2, 1, 3));
}

#[tokio::test]
async fn panic_of_the_loader_is_an_error_and_the_next_call_loads() {
    let (cache, _) = cache();

    let panicked = cache.get_or_load("key", [], || async { must_not_run() }).await;
    let retried = SlowLoad::begin(&cache, "key", Ok("value")).await.end().await;

    assert!(matches!(panicked, Err(LoadError::Interrupted)));
    assert_eq!(retried.unwrap().value(), "value");
    assert_eq!(cache.stats().await.load_failures, 1);
}

fn must_not_run() -> Result<&'static str, String> {
    panic!("this panic is part of a test");
}

#[tokio::test]
async fn keys_are_loaded_independently() {
    let (cache, _) = cache();
    let slow = SlowLoad::begin(&cache, "slow", Ok("slow")).await;

    let other = load(&cache, "other", "other").await;

    assert_eq!(other.value(), "other");
    assert_eq!(slow.end().await.unwrap().value(), "slow");
}

#[tokio::test]
async fn callers_with_different_errors_load_separately() {
    let (cache, _) = cache();
    let slow = SlowLoad::begin(&cache, "key", Err("mine")).await;

    let other = cache.get_or_load("key", [], || ready(Err::<&str, _>(404_u16))).await;

    assert_eq!(other.unwrap_err().loader_error(), Some(&404));
    assert_eq!(slow.end().await.unwrap_err().loader_error().unwrap(), "mine");
}

#[test]
fn shutdown_of_the_runtime_of_a_load_releases_callers_in_other_runtimes() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (cache, _) = cache();
    let (doomed, alive) = (runtime(), runtime());
    let _load = doomed.block_on(SlowLoad::begin(&cache, "key", Ok("never")));
    let entered = alive.enter();
    let waiter = wait_for(&cache, "key");
    drop(entered);
    alive.block_on(until_coalesced(&cache, 1));

    doomed.shutdown_background();
    let interrupted = alive.block_on(waiter).unwrap();
    let retried = alive.block_on(load(&cache, "key", "value"));

    assert!(matches!(interrupted, Err(LoadError::Interrupted)));
    assert_eq!(retried.value(), "value");
}

#[test]
fn without_a_runtime_the_load_runs_within_the_call() {
    let (cache, _) = cache();
    let mut context = Context::from_waker(Waker::noop());

    let call = cache.get_or_load("key", [], || ready(Ok::<_, Infallible>("value")));
    let Poll::Ready(result) = pin!(call).poll(&mut context) else { panic!("nothing to wait for") };

    assert_eq!(result.unwrap().value(), "value");
}

#[test]
fn cancelled_load_without_a_runtime_releases_its_key() {
    let (cache, _) = cache();
    let mut context = Context::from_waker(Waker::noop());
    {
        let call = cache.get_or_load("key", [], pending::<Result<&str, Infallible>>);
        assert!(pin!(call).poll(&mut context).is_pending());
    }

    let result = pin!(load(&cache, "key", "value")).poll(&mut context);

    assert!(matches!(result, Poll::Ready(cached) if cached.value() == "value"));
}

#[tokio::test]
async fn calls_are_counted_as_hits_and_misses() {
    let (cache, _) = cache();

    for key in ["a", "b", "a", "a"] {
        load(&cache, key, "value").await;
    }
    cache.peek("a").await;

    let stats = cache.stats().await;
    assert_eq!((stats.hits, stats.misses, stats.loads), (2, 2, 2));
    assert!((stats.hit_rate() - 0.5).abs() < f64::EPSILON);
    assert_eq!(stats.levels[0].store.unwrap().entries, 2);
}
