//! Failing levels: the circuit breaker opens, and a repair brings the level up to date.

use std::time::Duration;

use anilibria_cache::{
    Cache, Clock, Invalidation, LevelStats, ManualClock, MemoryStore, NewValue, Options, Origin, Scope, Store,
};

use super::{
    MIB, TTL, load,
    scripted::{Behaviour, Op, Scripted},
};

const FAR_TTL: Duration = Duration::from_hours(1);
const PROBE: Duration = Duration::from_millis(10);
const TIMEOUT: Duration = Duration::from_millis(200);

struct Fixture {
    cache: Cache,
    near: MemoryStore,
    far: Scripted,
    clock: ManualClock,
}

fn fixture() -> Fixture {
    with_log_capacity(1024)
}

fn with_log_capacity(invalidations: usize) -> Fixture {
    let (near, far, clock) = (MemoryStore::new(64 * MIB), Scripted::new(), ManualClock::default());
    let cache = Cache::builder()
        .level(near.clone())
        .ttl(TTL)
        .level(far.clone())
        .timeout(TIMEOUT)
        .failures(3)
        .probe_every(PROBE)
        .ttl(FAR_TTL)
        .log_capacity(invalidations)
        .clock(clock.clone())
        .build();
    Fixture { cache, near, far, clock }
}

impl Fixture {
    async fn far_stats(&self) -> LevelStats {
        self.cache.stats().await.levels[1].clone()
    }

    /// Makes the further level work and waits until it is repaired.
    async fn recover(&self) {
        self.far.on_all(&Behaviour::Succeed);
        let needs_repair = |stats: LevelStats| stats.is_unavailable || stats.unapplied > 0;
        while needs_repair(self.far_stats().await) {
            advance_time().await;
        }
    }

    /// Clears the nearest level, so that the further level is looked up.
    async fn forget_near(&self) {
        self.near.invalidate(&Invalidation::remove(Scope::All), self.clock.now()).await.unwrap();
    }

    async fn peek_far(&self, key: &str) -> Option<bytes::Bytes> {
        self.far.store.get(key, self.clock.now()).await.unwrap().map(|entry| entry.value().clone())
    }
}

/// Advances the paused clock of the runtime.
async fn advance_time() {
    tokio::time::sleep(PROBE).await;
}

#[tokio::test(start_paused = true)]
async fn level_is_unavailable_after_the_allowed_failures() {
    let it = fixture();
    it.far.on(Op::Get, Behaviour::Fail);
    it.far.on(Op::Ping, Behaviour::Fail);

    for number in 0..10 {
        it.cache.peek(&format!("key:{number}")).await;
    }

    assert_eq!(it.far.calls(Op::Get), 3);
    let stats = it.far_stats().await;
    assert_eq!((stats.errors, stats.skipped, stats.is_unavailable, stats.unapplied), (3, 7, true, 0));
    assert!(stats.store.is_none());
}

#[tokio::test(start_paused = true)]
async fn failures_that_are_not_consecutive_do_not_open_the_breaker() {
    let it = fixture();

    for _ in 0..5 {
        it.far.on(Op::Get, Behaviour::Fail);
        it.cache.peek("key").await;
        it.cache.peek("key").await;
        it.far.on(Op::Get, Behaviour::Succeed);
        it.cache.peek("key").await;
    }

    assert!(!it.far_stats().await.is_unavailable);
}

#[tokio::test(start_paused = true)]
async fn failed_invalidation_hides_covered_values_only_until_it_is_repeated() {
    let it = fixture();
    for key in ["key", "other"] {
        it.cache.set(key, "old").await;
    }
    it.far.on(Op::Invalidate, Behaviour::Fail);

    it.cache.remove("key").await;
    it.forget_near().await;
    let missed = it.far_stats().await;
    let [key, other] = [it.cache.peek("key").await, it.cache.peek("other").await];

    assert_eq!((missed.is_unavailable, missed.unapplied), (false, 1));
    assert!(key.is_none() && other.is_some());
    assert!(it.peek_far("key").await.is_some());
    it.recover().await;
    assert!(it.peek_far("key").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn all_kinds_of_failed_invalidations_are_repeated() {
    for way in ["key", "tag", "pattern", "all", "expire"] {
        let it = fixture();
        it.cache.set("key", NewValue::new("old").tag("tag")).await;
        it.far.on_all(&Behaviour::Fail);

        match way {
            "key" => it.cache.remove("key").await,
            "tag" => assert_eq!(it.cache.remove_by_tag("tag").await, 1),
            "pattern" => assert_eq!(it.cache.clear_matching("k*").await, 1),
            "all" => it.cache.clear().await,
            _ => it.cache.expire("key").await,
        }
        it.recover().await;

        assert!(it.cache.peek("key").await.is_none(), "{way}");
        assert_eq!(it.far_stats().await.unapplied, 0, "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn recovered_level_does_not_serve_values_that_were_replaced_meanwhile() {
    let it = fixture();
    it.cache.set("key", "old").await;
    it.far.on_all(&Behaviour::Fail);

    it.cache.set("key", "new").await;
    it.recover().await;
    it.forget_near().await;

    assert!(it.cache.peek("key").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn overflow_of_the_log_expires_the_whole_level() {
    let it = with_log_capacity(2);
    for key in ["one", "two", "three", "untouched"] {
        it.cache.set(key, "old").await;
    }
    it.far.on_all(&Behaviour::Fail);

    for key in ["one", "two", "three"] {
        it.cache.expire(key).await;
    }
    let missed = it.far_stats().await.unapplied;
    it.recover().await;
    it.forget_near().await;

    // Two invalidations of keys, and one of everything.
    assert_eq!(missed, 3);
    for key in ["one", "two", "three", "untouched"] {
        assert!(it.cache.peek(key).await.is_none(), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn hanging_level_times_out_and_becomes_unavailable() {
    let it = fixture();
    it.far.on_all(&Behaviour::Hang);

    for key in ["a", "b", "c", "d", "e"] {
        assert_eq!(load(&it.cache, key, "value").await.origin(), Origin::Loader);
    }

    let stats = it.far_stats().await;
    assert!(stats.is_unavailable && stats.timeouts >= 1 && stats.errors == 0);
    assert!(it.far.calls(Op::Get) <= 3);
}

#[tokio::test(start_paused = true)]
async fn hanging_level_does_not_delay_callers_with_a_soft_timeout() {
    let it = fixture();
    it.far.on(Op::Get, Behaviour::Hang);
    let hasty = Options::new().hard_timeout(TIMEOUT / 4);

    let first = it
        .cache
        .get_or_load_with(&hasty, "key", [], |_| async { Ok::<_, std::convert::Infallible>("value") })
        .await;
    while it.cache.stats().await.loads == 0 {
        advance_time().await;
    }
    let second = load(&it.cache, "key", "loaded twice").await;

    assert!(first.is_err());
    assert_eq!(second.value(), "value");
}

#[tokio::test(start_paused = true)]
async fn rejected_value_removes_the_previous_one() {
    let it = fixture();
    it.cache.set("key", "old").await;
    it.far.on(Op::Set, Behaviour::Reject);

    it.cache.set("key", "new").await;
    it.forget_near().await;

    assert!(it.cache.peek("key").await.is_none());
    let stats = it.far_stats().await;
    assert_eq!((stats.errors, stats.is_unavailable), (1, false));
}

#[tokio::test(start_paused = true)]
async fn corrupt_entry_is_a_miss_and_is_overwritten_and_does_not_open_the_breaker() {
    let it = fixture();
    it.far.on(Op::Get, Behaviour::Corrupt);

    for key in ["a", "b", "c", "d", "e"] {
        assert_eq!(load(&it.cache, key, "value").await.origin(), Origin::Loader);
    }
    it.far.on(Op::Get, Behaviour::Succeed);
    it.forget_near().await;
    let again = load(&it.cache, "a", "loaded again").await;

    assert_eq!(again.origin(), Origin::Level { index: 1, name: "far" });
    let stats = it.far_stats().await;
    assert_eq!((stats.corrupt, stats.errors, stats.is_unavailable), (5, 0, false));
}

#[tokio::test(start_paused = true)]
async fn recovered_level_is_read_and_written() {
    let it = fixture();
    it.far.on_all(&Behaviour::Fail);
    it.cache.remove("anything").await;
    it.recover().await;

    load(&it.cache, "key", "value").await;
    it.forget_near().await;

    assert_eq!(
        load(&it.cache, "key", "loaded again").await.origin(),
        Origin::Level { index: 1, name: "far" }
    );
}

#[tokio::test(start_paused = true)]
async fn level_that_fails_during_its_repair_stays_unavailable_and_loses_no_invalidation() {
    let it = fixture();
    for key in ["one", "two"] {
        it.cache.set(key, "old").await;
    }
    it.far.on_all(&Behaviour::Fail);
    it.cache.remove("one").await;
    it.cache.remove("two").await;

    it.far.on(Op::Ping, Behaviour::Succeed);
    let asked = it.far.calls(Op::Invalidate);
    while it.far.calls(Op::Invalidate) < asked + 3 {
        advance_time().await;
    }
    let meanwhile = it.far_stats().await;
    it.recover().await;

    assert_eq!((meanwhile.is_unavailable, meanwhile.unapplied), (true, 2));
    assert_eq!((it.peek_far("one").await, it.peek_far("two").await), (None, None));
}

#[tokio::test(start_paused = true)]
async fn ping_reports_each_level() {
    let it = fixture();
    let well = it.cache.ping().await;

    it.far.on(Op::Ping, Behaviour::Fail);
    let failing = it.cache.ping().await;
    it.far.on(Op::Ping, Behaviour::Hang);
    let hanging = it.cache.ping().await;

    assert_eq!([well[0].name, well[1].name], ["memory", "far"]);
    let errors = [well, failing, hanging].map(|levels| [0, 1].map(|level| levels[level].error.is_some()));
    assert_eq!(errors, [[false, false], [false, true], [false, true]]);
}

#[tokio::test(start_paused = true)]
async fn transferred_bytes_are_counted() {
    let it = fixture();

    load(&it.cache, "key", "12345").await;
    advance_time().await;
    it.forget_near().await;
    load(&it.cache, "key", "12345").await;

    let stats = it.far_stats().await;
    assert_eq!((stats.bytes_written, stats.bytes_read), (5, 5));
}

#[tokio::test(start_paused = true)]
async fn nearest_level_may_be_unavailable() {
    let (near, far) = (Scripted::new(), MemoryStore::new(64 * MIB));
    let cache = Cache::builder()
        .level(near.clone())
        .name("near")
        .probe_every(PROBE)
        .ttl(TTL)
        .level(far)
        .ttl(FAR_TTL)
        .build();
    load(&cache, "key", "old").await;
    near.on_all(&Behaviour::Fail);

    cache.remove("key").await;
    let new = load(&cache, "key", "new").await;
    let hit = load(&cache, "key", "loaded twice").await;
    near.on_all(&Behaviour::Succeed);
    while cache.stats().await.levels[0].is_unavailable {
        advance_time().await;
    }
    load(&cache, "key", "loaded twice").await;
    let back = load(&cache, "key", "loaded twice").await;

    assert_eq!(new.origin(), Origin::Loader);
    assert_eq!(hit.origin(), Origin::Level { index: 1, name: "memory" });
    assert_eq!((back.origin(), &back.value()[..]), (Origin::Level { index: 0, name: "near" }, &b"new"[..]));
}
