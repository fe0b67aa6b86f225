//! Behaviour of the cache through its public interface.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share has to fail as they do; clippy.toml exempts only them"
)]

mod backplane;
mod changes;
mod clock;
mod concurrent;
mod eager;
mod fail_safe;
mod guarantees;
mod health;
mod levels;
mod loading;
mod lock;
mod many;
mod memory;
mod model;
mod observing;
mod options;
mod races;
mod scripted;
mod timeouts;

use std::{convert::Infallible, sync::Arc, time::Duration};

use anilibria_cache::{Cache, Cached, LoadError, ManualClock, MemoryStore};
use tokio::sync::Semaphore;

const TTL: Duration = Duration::from_mins(5);
const MIB: u64 = 1 << 20;

/// Returns a cache of one level that is large enough for all tests, and its clock.
fn cache() -> (Cache, ManualClock) {
    let clock = ManualClock::default();
    let cache = Cache::builder().level(MemoryStore::new(64 * MIB)).ttl(TTL).clock(clock.clone()).build();
    (cache, clock)
}

/// Loads `value` with a loader that succeeds.
async fn load(cache: &Cache, key: &str, value: &'static str) -> Cached {
    cache.get_or_load(key, [], move || async move { Ok::<_, Infallible>(value) }).await.unwrap()
}

/// A lookup in another task. Its loader reports when it begins, and waits until it is released.
struct SlowLoad {
    caller: tokio::task::JoinHandle<Result<Cached, LoadError<String>>>,
    gate: Arc<Semaphore>,
}

impl SlowLoad {
    async fn begin(cache: &Cache, key: &'static str, outcome: Result<&'static str, &'static str>) -> Self {
        let (cache, gate, begun) = (cache.clone(), Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (gate_of_loader, begun_of_loader) = (Arc::clone(&gate), Arc::clone(&begun));
        let caller = tokio::spawn(async move {
            let loader = move || async move {
                begun_of_loader.add_permits(1);
                gate_of_loader.acquire().await.unwrap().forget();
                outcome.map_err(str::to_owned)
            };
            cache.get_or_load(key, [], loader).await
        });
        begun.acquire().await.unwrap().forget();
        Self { caller, gate }
    }

    fn release(&self) {
        self.gate.add_permits(1);
    }

    async fn end(self) -> Result<Cached, LoadError<String>> {
        self.release();
        self.caller.await.unwrap()
    }
}

/// Looks up `key` in another task, with a loader that must not run.
fn wait_for(cache: &Cache, key: &'static str) -> tokio::task::JoinHandle<Result<Cached, LoadError<String>>> {
    let cache = cache.clone();
    tokio::spawn(async move {
        cache.get_or_load(key, [], || async { Err::<&str, _>("loaded twice".to_owned()) }).await
    })
}

/// Waits until `callers` callers wait for the load of another caller.
async fn until_coalesced(cache: &Cache, callers: u64) {
    while cache.stats().await.coalesced < callers {
        tokio::task::yield_now().await;
    }
}
