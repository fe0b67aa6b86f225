//! Options of a cache, of a call and of a loaded value.

use std::{convert::Infallible, future::ready, time::Duration};

use anilibria_cache::{
    Cache, Clock, Entry, Invalidation, ManualClock, MemoryStore, NewValue, Options, Origin, Scope, Store,
};

use super::{
    MIB, TTL, cache, load,
    scripted::{Op, Scripted},
};

const MINUTE: Duration = Duration::from_mins(1);

fn cache_with(options: Options) -> (Cache, MemoryStore, Scripted, ManualClock) {
    let (near, far, clock) = (MemoryStore::new(64 * MIB), Scripted::new(), ManualClock::default());
    let cache = Cache::builder()
        .level(near.clone())
        .ttl(TTL)
        .level(far.clone())
        .ttl(10 * TTL)
        .options(options)
        .clock(clock.clone())
        .build();
    (cache, near, far, clock)
}

#[tokio::test]
async fn ttl_is_taken_from_value_then_call_then_cache_then_level() {
    let of_call = Options::new().ttl(3 * MINUTE);
    let cases = [
        (Options::new(), Options::new(), NewValue::new(""), TTL),
        (Options::new().ttl(2 * MINUTE), Options::new(), NewValue::new(""), 2 * MINUTE),
        (Options::new().ttl(2 * MINUTE), of_call, NewValue::new(""), 3 * MINUTE),
        (Options::new().ttl(2 * MINUTE), of_call, NewValue::new("").ttl(4 * MINUTE), 4 * MINUTE),
    ];

    for (of_cache, of_call, value, expected) in cases {
        let (cache, _, _, clock) = cache_with(of_cache);
        cache.set_with(&of_call, "set", value.clone()).await;
        let loader = |_| ready(Ok::<_, Infallible>(value));
        let brought = cache.get_or_load_with(&of_call, "loaded", [], loader).await.unwrap();
        let set = cache.peek("set").await.unwrap();

        let ends = [brought.fresh_until(), set.fresh_until()];
        assert_eq!(ends, [clock.now() + expected; 2]);
    }
}

#[tokio::test]
async fn jitter_extends_the_ttl_by_different_amounts_up_to_its_maximum() {
    let (cache, _, _, clock) = cache_with(Options::new().jitter(MINUTE));

    let mut ends = Vec::new();
    for number in 0..100 {
        ends.push(load(&cache, &format!("key:{number}"), "value").await.fresh_until());
    }

    let bounds = clock.now() + TTL..=clock.now() + TTL + MINUTE;
    assert!(ends.iter().all(|end| bounds.contains(end)));
    ends.dedup();
    assert!(ends.len() > 1);
}

#[tokio::test]
async fn call_limited_to_the_nearest_level_does_not_use_further_ones() {
    let (cache, near, far, clock) = cache_with(Options::new());
    let nearest = Options::new().nearest_levels(1);

    cache.set_with(&nearest, "set", "value").await;
    let loader = |_| ready(Ok::<_, Infallible>("value"));
    cache.get_or_load_with(&nearest, "loaded", [], loader).await.unwrap();

    for key in ["set", "loaded"] {
        assert!(near.get_now(key, clock.now()).is_some() && far.store.get_now(key, clock.now()).is_none());
    }
    assert_eq!([Op::Get, Op::Set].map(|op| far.calls(op)), [0, 0]);
}

#[tokio::test]
async fn absent_value_has_its_own_ttl() {
    let (cache, _, far, clock) = cache_with(Options::new().negative_ttl(MINUTE));
    let absent = || ready(Ok::<_, Infallible>(None::<&str>));

    let first = cache.get_or_load("key", ["tag".into()], absent).await.unwrap();
    clock.advance(MINUTE.saturating_sub(Duration::from_nanos(1)));
    let remembered = load(&cache, "key", "new").await;
    clock.advance(Duration::from_nanos(1));
    let gone = far.store.get_now("key", clock.now());
    let loaded = load(&cache, "key", "new").await;

    assert!(first.is_absent() && first.value().is_empty() && first.origin() == Origin::Loader);
    assert!(remembered.is_absent() && remembered.origin().is_hit());
    assert!(gone.is_none() && !loaded.is_absent() && loaded.value() == "new");
}

#[tokio::test]
async fn absent_value_is_not_cached_with_a_zero_negative_ttl() {
    let (cache, ..) = cache_with(Options::new().negative_ttl(Duration::ZERO));

    let absent =
        cache.get_or_load("key", [], || ready(Ok::<_, Infallible>(NewValue::absent()))).await.unwrap();

    assert!(absent.is_absent());
    assert_eq!(load(&cache, "key", "new").await.value(), "new");
}

#[tokio::test]
async fn absent_value_is_invalidated_by_its_tag() {
    let (cache, ..) = cache_with(Options::new());
    cache.set("key", NewValue::absent().tag("tag")).await;

    cache.expire_by_tag("tag").await;

    assert_eq!(load(&cache, "key", "new").await.value(), "new");
}

#[tokio::test]
async fn loader_receives_the_stale_entry_and_may_return_it_unchanged() {
    let (cache, clock) = cache();
    let kept = Options::new().fail_safe(TTL);
    let first = NewValue::new("value").validator("v7").tag("tag");
    cache.set_with(&kept, "key", first).await;
    clock.advance(TTL);

    let loader = |previous: Option<Entry>| {
        let previous = previous.unwrap();
        assert_eq!((previous.validator(), &previous.value()[..]), (Some("v7"), &b"value"[..]));
        ready(Ok::<_, Infallible>(previous.unchanged()))
    };
    let renewed = cache.get_or_load_with(&kept, "key", [], loader).await.unwrap();

    assert_eq!(
        (renewed.value(), renewed.entry().validator(), renewed.is_stale()),
        (&"value".into(), Some("v7"), false)
    );
    assert_eq!((renewed.tags(), renewed.fresh_until()), (&["tag".into()][..], clock.now() + TTL));
}

#[tokio::test]
async fn loader_receives_none_without_a_previous_entry() {
    let (cache, _) = cache();

    let loader = |previous: Option<Entry>| ready(Ok::<_, Infallible>(previous.is_none().to_string()));
    let result = cache.get_or_load_with(&Options::new(), "key", [], loader).await.unwrap();

    assert_eq!(result.value(), "true");
}

#[tokio::test]
async fn entries_expired_by_any_scope_are_loaded_again() {
    let orders = [Scope::key("key"), Scope::tag("tag"), Scope::matching("k*"), Scope::All];

    for scope in orders {
        let (cache, near, far, clock) = cache_with(Options::new());
        for key in ["key", "other"] {
            cache
                .set(key, if key == "key" { NewValue::new("old").tag("tag") } else { NewValue::new("old") })
                .await;
        }
        let expected = if scope == Scope::All { 2 } else { 1 };

        let count = cache.invalidate(Invalidation::expire(scope.clone())).await;

        assert_eq!(count, expected, "{scope:?}");
        for entry in [near.get_now("key", clock.now()), far.store.get_now("key", clock.now())] {
            assert!(entry.is_some_and(|entry| !entry.is_fresh(clock.now())), "{scope:?}");
        }
        assert!(cache.peek("key").await.is_none(), "{scope:?}");
        assert_eq!(cache.peek("other").await.is_some(), scope != Scope::All);
        assert_eq!(load(&cache, "key", "new").await.value(), "new", "{scope:?}");
    }
}

#[tokio::test]
async fn peek_neither_counts_nor_copies() {
    let (cache, near, _, clock) = cache_with(Options::new());
    cache.set("key", "value").await;
    near.invalidate(&Invalidation::remove(Scope::All), clock.now()).await.unwrap();

    let seen = cache.peek("key").await.unwrap();
    let nothing = cache.peek("other").await;

    assert_eq!(seen.origin(), Origin::Level { index: 1, name: "far" });
    assert!(nothing.is_none() && near.get_now("key", clock.now()).is_none());
    let stats = cache.stats().await;
    assert_eq!((stats.hits, stats.misses, stats.loads), (0, 0, 0));
}
