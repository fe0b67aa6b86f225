//! Jumps of the system clock.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use anilibria_cache::{Cache, Clock, MemoryStore, Options, Origin};

use super::{MIB, TTL, load};

const HOUR: Duration = Duration::from_hours(1);

/// A clock that can be set to any time.
#[derive(Clone, Debug)]
struct Settable(Arc<Mutex<SystemTime>>);

impl Settable {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(SystemTime::UNIX_EPOCH + 1000 * HOUR)))
    }

    fn set(&self, time: SystemTime) {
        *self.0.lock().unwrap() = time;
    }
}

impl Clock for Settable {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

fn cache() -> (Cache, Settable) {
    let clock = Settable::new();
    let levels = Cache::builder().level(MemoryStore::new(64 * MIB)).ttl(TTL);
    let levels = levels.level(MemoryStore::new(64 * MIB)).name("far").ttl(24 * HOUR);
    (levels.options(Options::new().fail_safe(24 * HOUR)).clock(clock.clone()).build(), clock)
}

#[tokio::test]
async fn clock_set_forward_ends_freshness() {
    let (cache, clock) = cache();
    load(&cache, "key", "old").await;

    clock.set(clock.now() + 1000 * HOUR);

    let after = load(&cache, "key", "new").await;
    assert_eq!((after.origin(), after.is_stale()), (Origin::Loader, false));
    assert_eq!(after.fresh_until(), clock.now() + TTL);
}

#[tokio::test]
async fn clock_set_back_does_not_extend_freshness() {
    let (cache, clock) = cache();
    load(&cache, "key", "old").await;

    clock.set(clock.now() - HOUR);

    let sources = [load(&cache, "key", "new").await.origin(), load(&cache, "key", "newer").await.origin()];
    assert_eq!(sources, [Origin::Loader, Origin::Level { index: 0, name: "memory" }]);
}

#[tokio::test]
async fn value_from_before_the_clock_was_set_back_is_available_to_fail_safe() {
    let (cache, clock) = cache();
    load(&cache, "key", "old").await;

    clock.set(clock.now() - HOUR);

    let served = cache.get_or_load("key", [], || async { Err::<&str, _>("no source") }).await.unwrap();
    assert!(served.is_stale() && served.value() == "old");
}
