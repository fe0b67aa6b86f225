//! The load lock between instances.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use anilibria_cache::{Cache, Error, LoadLock, LockToken, ManualClock, MemoryStore, Origin, Result};
use async_trait::async_trait;
use tokio::time::Instant;

use super::{MIB, SlowLoad, TTL, load, scripted::Scripted};

const LEASE: Duration = Duration::from_secs(5);

/// A lock between the instances of a test. Its leases expire by the clock of the runtime. Clones share the lock.
#[derive(Clone, Default)]
struct SharedLock {
    held: Arc<Mutex<HashMap<String, (LockToken, Instant)>>>,
    down: Arc<AtomicBool>,
}

impl SharedLock {
    fn is_free(&self) -> bool {
        self.held.lock().unwrap().is_empty()
    }
}

#[async_trait]
impl LoadLock for SharedLock {
    fn name(&self) -> &'static str {
        "shared"
    }

    async fn try_lock(&self, key: &str, lease: Duration) -> Result<Option<LockToken>> {
        if self.down.load(SeqCst) {
            return Err(Error::unavailable("shared", "connection refused"));
        }
        let mut held = self.held.lock().unwrap();
        if held.get(key).is_some_and(|&(_, until)| Instant::now() < until) {
            return Ok(None);
        }
        let taken = LockToken::new();
        held.insert(key.to_owned(), (taken.clone(), Instant::now() + lease));
        Ok(Some(taken))
    }

    async fn unlock(&self, key: &str, lease: LockToken) -> Result<()> {
        let mut held = self.held.lock().unwrap();
        if held.get(key).is_some_and(|(holder, _)| *holder == lease) {
            held.remove(key);
        }
        Ok(())
    }
}

/// Returns two instances with a shared further level and a shared lock.
fn instances() -> ([Cache; 2], SharedLock) {
    let (far, clock, lock) = (Scripted::shared(), ManualClock::default(), SharedLock::default());
    let instance = || {
        Cache::builder()
            .level(MemoryStore::new(MIB))
            .ttl(TTL)
            .level(far.view())
            .ttl(TTL)
            .load_lock(lock.clone(), LEASE)
            .clock(clock.clone())
            .build()
    };
    ([instance(), instance()], lock)
}

async fn loads(cache: &Cache) -> u64 {
    cache.stats().await.loads
}

#[tokio::test(start_paused = true)]
async fn one_instance_loads_and_the_other_reads_its_value() {
    let ([one, other], lock) = instances();
    let slow = SlowLoad::begin(&one, "key", Ok("value")).await;

    let waiter = {
        let other = other.clone();
        tokio::spawn(async move { load(&other, "key", "loaded twice").await })
    };
    tokio::time::sleep(LEASE / 2).await;
    let waiting = !waiter.is_finished();
    slow.end().await.unwrap();
    let taken = waiter.await.unwrap();

    assert!(waiting);
    assert_eq!(
        (&taken.value()[..], taken.origin()),
        (&b"value"[..], Origin::Level { index: 1, name: "far" })
    );
    assert_eq!([loads(&one).await, loads(&other).await], [1, 0]);
    assert!(lock.is_free());
    assert_eq!(
        load(&other, "key", "loaded twice").await.origin(),
        Origin::Level { index: 0, name: "memory" }
    );
}

#[tokio::test(start_paused = true)]
async fn failed_lock_does_not_prevent_loads() {
    let ([one, other], lock) = instances();
    lock.down.store(true, SeqCst);
    let _slow = SlowLoad::begin(&one, "key", Ok("value")).await;

    let loaded = load(&other, "key", "value").await;

    assert_eq!(loaded.origin(), Origin::Loader);
}

#[tokio::test(start_paused = true)]
async fn lock_of_a_dead_instance_expires_with_its_lease() {
    let ([_, other], lock) = instances();
    lock.try_lock("key", LEASE).await.unwrap().unwrap();

    let loaded = tokio::time::timeout(2 * LEASE, load(&other, "key", "value")).await.unwrap();

    assert_eq!(loaded.origin(), Origin::Loader);
}

#[tokio::test(start_paused = true)]
async fn failed_load_releases_the_lock() {
    let ([one, other], lock) = instances();

    SlowLoad::begin(&one, "key", Err("down")).await.end().await.unwrap_err();
    let loaded = load(&other, "key", "value").await;

    assert_eq!(loaded.value(), "value");
    while !lock.is_free() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn keys_have_separate_locks() {
    let ([one, other], _) = instances();
    let _slow = SlowLoad::begin(&one, "slow", Ok("value")).await;

    let loaded = load(&other, "other", "value").await;

    assert_eq!(loaded.origin(), Origin::Loader);
}
