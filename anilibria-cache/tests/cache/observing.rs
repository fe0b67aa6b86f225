//! Events, sliding expiration, and closing a cache.

use std::{sync::Arc, time::Duration};

use anilibria_cache::{
    Cache, Clock, Event, Invalidation, LocalBackplane, ManualClock, MemoryStore, Options, Scope, Store,
};
use futures::StreamExt;

use super::{
    MIB, SlowLoad, TTL, load,
    scripted::{Behaviour, Op, Scripted},
};

#[tokio::test(start_paused = true)]
async fn observer_receives_later_events() {
    let (far, clock) = (Scripted::new(), ManualClock::default());
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .name("near")
        .level(far.clone())
        .failures(1)
        .options(Options::new().fail_safe(TTL))
        .clock(clock.clone())
        .build();
    load(&cache, "before", "value").await;
    let mut events = cache.events();

    load(&cache, "key", "value").await;
    load(&cache, "key", "value").await;
    cache.expire_by_tag("tag").await;
    clock.advance(TTL);
    far.on(Op::Get, Behaviour::Fail);
    far.on(Op::Ping, Behaviour::Fail);
    cache.get_or_load("key", [], || async { Err::<&str, _>(()) }).await.unwrap();
    far.on_all(&Behaviour::Succeed);
    let seen: Vec<_> = events.by_ref().take(7).collect().await;

    let key: Arc<str> = "key".into();
    let expected = [
        Event::Miss { key: key.clone() },
        Event::Hit { key: key.clone(), level: "near" },
        Event::Invalidated(Invalidation::expire(Scope::tag("tag"))),
        Event::LevelUnavailable { level: "far" },
        Event::LoadFailed { key: key.clone() },
        Event::StaleServed { key },
        Event::LevelAvailable { level: "far" },
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn slow_observer_receives_the_number_of_missed_events_and_the_stream_ends_with_the_cache() {
    let cache = Cache::builder().level(MemoryStore::new(MIB)).build();
    let mut events = cache.events();

    for _ in 0..1_100 {
        cache.remove("key").await;
    }
    let first = events.next().await;
    drop(cache);

    assert_eq!(first, Some(Event::Missed(76)));
    assert_eq!(events.count().await, 1_024);
}

#[tokio::test]
async fn sliding_expiration_extends_the_ttl_of_a_value_in_use() {
    let (far, clock) = (MemoryStore::new(MIB), ManualClock::default());
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .ttl(TTL)
        .level(far.clone())
        .ttl(TTL)
        .options(Options::new().sliding(true))
        .clock(clock.clone())
        .build();
    load(&cache, "key", "value").await;

    for _ in 0..10 {
        clock.advance(TTL * 3 / 4);
        assert!(load(&cache, "key", "loaded again").await.origin().is_hit());
    }
    let on_far = far.get_now("key", clock.now()).unwrap().is_fresh(clock.now());
    clock.advance(TTL);

    assert!(on_far);
    assert_eq!(load(&cache, "key", "loaded again").await.value(), "loaded again");
}

#[tokio::test(start_paused = true)]
async fn closing_a_cache_ends_its_loads_and_releases_its_stores() {
    let far = Scripted::shared();
    let cache = Cache::builder()
        .level(MemoryStore::new(MIB))
        .level(far.clone())
        .backplane(LocalBackplane::new())
        .build();
    let clone = cache.clone();
    let slow = SlowLoad::begin(&cache, "key", Ok("value")).await;

    cache.close().await;
    let interrupted = slow.end().await;
    drop(clone);
    tokio::time::sleep(Duration::from_millis(1)).await;

    assert!(interrupted.is_err());
    assert_eq!(far.handles(), 1);
}
