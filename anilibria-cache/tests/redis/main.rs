//! The store, the backplane and the lock in Redis, with real servers.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod backplane;
mod conformance;
mod lock;
mod lost_reply;
mod namespaces;
mod outage;
mod store;
mod tags;
mod topology;

use std::time::{Duration, SystemTime};

use anilibria_cache::{Entry, Lifetime, Redis, RedisBuilder, RedisStore, Store};
use test_services::RedisServer;

/// Maximum duration of any wait; a test that waits longer has failed.
const LONG: Duration = Duration::from_secs(20);

/// Returns a builder with long timeouts, because a machine that runs many tests at once can be slow.
fn redis(server: &RedisServer) -> RedisBuilder {
    Redis::builder(server.url()).prefix("test:").response_timeout(LONG / 2).connect_timeout(LONG / 2)
}

fn store(server: &RedisServer) -> RedisStore {
    redis(server).build().unwrap().store()
}

fn entry(value: &'static str, tags: &[&str]) -> Entry {
    let life = Lifetime::new(SystemTime::now(), Duration::from_mins(5)).stale_for(Duration::from_mins(5));
    Entry::new(value, life, tags.iter().map(|&tag| tag.into()))
}

async fn put(store: &impl Store, key: &str, value: &'static str, tags: &[&str]) {
    store.set(key, entry(value, tags), SystemTime::now()).await.unwrap();
}

/// Returns the value under `key` that may still be served.
async fn value(store: &impl Store, key: &str) -> Option<String> {
    let found = store.get(key, SystemTime::now()).await.unwrap();
    found.map(|entry| String::from_utf8(entry.value().to_vec()).unwrap())
}

/// Waits until `condition` holds.
async fn until(condition: impl AsyncFn() -> bool) {
    let holds = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, holds).await.expect("it should have come true by now");
}

/// Returns the output of `future`, which must end within [`LONG`].
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future).await.expect("it should have ended by now")
}
