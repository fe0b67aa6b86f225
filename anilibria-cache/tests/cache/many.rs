//! Lookups of many keys at once.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use anilibria_cache::{Cache, LoadError, ManualClock, MemoryStore, NewValue, Options, Origin};

use super::{
    MIB, SlowLoad, TTL, load,
    scripted::{Behaviour, Op, Scripted},
};

type Keys = Arc<Mutex<Vec<Vec<String>>>>;

fn two_levels() -> (Cache, Scripted, ManualClock) {
    let (far, clock) = (Scripted::new(), ManualClock::default());
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .ttl(TTL)
        .level(far.clone())
        .ttl(2 * TTL)
        .options(Options::new().fail_safe(TTL))
        .clock(clock.clone())
        .build();
    (cache, far, clock)
}

/// Loads each key with itself as the value, except keys that begin with `no`. Records the keys of each call.
async fn get(cache: &Cache, keys: &[&str], calls: &Keys) -> Vec<Result<String, LoadError<String>>> {
    let calls = Arc::clone(calls);
    let loader = move |keys: Vec<Arc<str>>| {
        calls.lock().unwrap().push(keys.iter().map(ToString::to_string).collect());
        async move {
            let values = keys.into_iter().filter(|key| !key.starts_with("no"));
            Ok::<HashMap<_, _>, String>(
                values.map(|key| (Arc::clone(&key), NewValue::new(key.to_string()))).collect(),
            )
        }
    };
    let values = cache.get_or_load_many(keys.iter().copied(), loader).await;
    let text = |cached: anilibria_cache::Cached| String::from_utf8(cached.value().to_vec()).unwrap();
    values.into_iter().map(|value| value.map(text)).collect()
}

#[tokio::test]
async fn all_misses_are_loaded_with_one_call_and_each_level_is_read_and_written_once() {
    let (cache, far, clock) = two_levels();
    let calls = Keys::default();
    load(&cache, "near", "near").await;

    let first = get(&cache, &["b", "near", "a", "b", "none"], &calls).await;
    let again = get(&cache, &["a", "b", "none"], &calls).await;
    clock.advance(TTL);
    let from_far = get(&cache, &["a", "b"], &calls).await;

    let first: Vec<_> = first.into_iter().map(Result::unwrap).collect();
    assert_eq!(first, ["b", "near", "a", "b", ""]);
    assert_eq!(again.len() + from_far.len(), 5);
    assert_eq!(*calls.lock().unwrap(), [["a", "b", "none"]]);
    assert_eq!(far.calls(Op::Set), 4);
    let stats = cache.stats().await;
    assert_eq!((stats.loads, stats.levels[1].hits), (2, 2));
}

#[tokio::test]
async fn key_that_is_being_loaded_is_awaited() {
    let (cache, ..) = two_levels();
    let slow = SlowLoad::begin(&cache, "slow", Ok("slow")).await;
    let calls = Keys::default();

    let many = {
        let (cache, calls) = (cache.clone(), Arc::clone(&calls));
        tokio::spawn(async move { get(&cache, &["slow", "other"], &calls).await })
    };
    super::until_coalesced(&cache, 1).await;
    slow.end().await.unwrap();

    let values: Vec<_> = many.await.unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(values, ["slow", "other"]);
    assert_eq!(*calls.lock().unwrap(), [["other"]]);
}

#[tokio::test]
async fn failed_load_returns_the_stale_value_or_the_error_for_each_key() {
    let (cache, _, clock) = two_levels();
    load(&cache, "old", "value").await;
    clock.advance(2 * TTL + Duration::from_secs(1));

    let loader = |_| async { Err::<HashMap<Arc<str>, &'static str>, _>("down") };
    let values = cache.get_or_load_many(["old", "new"], loader).await;

    let old = values[0].as_ref().unwrap();
    assert!(old.is_stale() && old.value() == "value");
    assert_eq!(values[1].as_ref().unwrap_err().loader_error(), Some(&"down"));
}

#[tokio::test]
async fn invalidation_during_the_load_discards_covered_values_only() {
    let (cache, ..) = two_levels();
    let gate = super::scripted::gate();
    let many = {
        let (cache, gate) = (cache.clone(), Arc::clone(&gate));
        tokio::spawn(async move {
            let loader = move |keys: Vec<Arc<str>>| {
                let gate = Arc::clone(&gate);
                async move {
                    gate.acquire().await.unwrap().forget();
                    Ok::<Vec<_>, Infallible>(keys.into_iter().map(|key| (key, "value")).collect())
                }
            };
            cache.get_or_load_many(["a", "b"], loader).await
        })
    };
    while cache.stats().await.loads == 0 {
        tokio::task::yield_now().await;
    }

    cache.remove("a").await;
    gate.add_permits(1);
    many.await.unwrap();

    assert!(cache.peek("a").await.is_none() && cache.peek("b").await.is_some());
}

#[tokio::test]
async fn get_copies_counts_and_serves_stale_values_and_peek_does_neither() {
    let (cache, far, clock) = two_levels();
    load(&cache, "key", "value").await;
    clock.advance(TTL);

    let peeked = cache.peek("key").await.unwrap().origin();
    let got = cache.get("key").await.unwrap().origin();
    far.on(Op::Get, Behaviour::Fail);
    let near = cache.get("key").await.unwrap().origin();
    far.on(Op::Get, Behaviour::Succeed);
    clock.advance(TTL + Duration::from_secs(1));
    let stale = cache.get("key").await.unwrap();

    assert_eq!(peeked, got);
    assert!(matches!(near, Origin::Level { index: 0, .. }));
    assert!(stale.is_stale() && cache.peek("key").await.is_none());
    let stats = cache.stats().await;
    assert_eq!((stats.hits, stats.stale, stats.misses, stats.loads), (2, 1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_requested_within_the_window_are_loaded_together() {
    let (cache, ..) = two_levels();
    let calls = Keys::default();
    let loader = {
        let calls = Arc::clone(&calls);
        cache.batch_loader(Duration::from_millis(2), move |keys: Vec<Arc<str>>| {
            calls.lock().unwrap().push(keys.iter().map(ToString::to_string).collect());
            async move { Ok::<Vec<_>, Infallible>(keys.into_iter().map(|key| (key, "value")).collect()) }
        })
    };

    let together = futures::future::join_all(["b", "a", "b"].map(|key| loader.get(key))).await;
    loader.get("a").await.unwrap();
    loader.get("c").await.unwrap();
    let full = loader.clone().max_keys(2);
    let begun = tokio::time::Instant::now();
    futures::future::join_all(["d", "e"].map(|key| full.get(key))).await;

    assert!(together.into_iter().all(|cached| cached.unwrap().value() == "value"));
    assert_eq!(*calls.lock().unwrap(), [vec!["a", "b"], vec!["c"], vec!["d", "e"]]);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn no_call_of_a_batch_loader_has_more_keys_than_its_limit() {
    let (cache, ..) = two_levels();
    let calls = Keys::default();
    let loader = {
        let calls = Arc::clone(&calls);
        cache.batch_loader(Duration::from_millis(2), move |keys: Vec<Arc<str>>| {
            calls.lock().unwrap().push(keys.iter().map(ToString::to_string).collect());
            async move { Ok::<Vec<_>, Infallible>(keys.into_iter().map(|key| (key, "value")).collect()) }
        })
    };
    let loader = loader.max_keys(2);

    let values = futures::future::join_all(["a", "b", "c", "d", "e"].map(|key| loader.get(key))).await;

    assert!(values.into_iter().all(|cached| cached.unwrap().value() == "value"));
    let mut calls = calls.lock().unwrap().clone();
    calls.sort_unstable();
    assert_eq!(calls, [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
}
