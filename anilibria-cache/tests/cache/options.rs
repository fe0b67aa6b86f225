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
async fn the_value_prevails_over_the_call_that_over_the_cache_and_that_over_the_level() {
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
async fn chance_makes_a_life_longer_by_no_more_than_it_may_and_not_always_the_same() {
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
async fn a_call_about_the_nearest_level_alone_leaves_the_further_ones_alone() {
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
async fn that_there_is_no_value_is_remembered_for_a_time_of_its_own() {
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
async fn that_there_is_no_value_is_not_remembered_where_that_is_not_wanted() {
    let (cache, ..) = cache_with(Options::new().negative_ttl(Duration::ZERO));

    let absent =
        cache.get_or_load("key", [], || ready(Ok::<_, Infallible>(NewValue::absent()))).await.unwrap();

    assert!(absent.is_absent());
    assert_eq!(load(&cache, "key", "new").await.value(), "new");
}

#[tokio::test]
async fn that_there_is_no_value_is_invalidated_by_its_tag_like_any_other() {
    let (cache, ..) = cache_with(Options::new());
    cache.set("key", NewValue::absent().tag("tag")).await;

    cache.expire_by_tag("tag").await;

    assert_eq!(load(&cache, "key", "new").await.value(), "new");
}

#[tokio::test]
async fn a_loader_is_given_what_ran_out_and_may_say_that_it_is_unchanged() {
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
async fn a_loader_is_given_nothing_where_nothing_was() {
    let (cache, _) = cache();

    let loader = |previous: Option<Entry>| ready(Ok::<_, Infallible>(previous.is_none().to_string()));
    let answer = cache.get_or_load_with(&Options::new(), "key", [], loader).await.unwrap();

    assert_eq!(answer.value(), "true");
}

#[tokio::test]
async fn what_is_expired_by_key_tag_pattern_or_altogether_is_loaded_again() {
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
async fn a_look_at_a_value_counts_nothing_and_copies_nothing() {
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
