//! The store in MongoDB, with real servers.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what the tests share has to fail as they do; clippy.toml exempts only them"
)]

mod conformance;
mod documents;
mod outages;
mod proxy;

use std::time::{Duration, SystemTime};

use anilibria_cache::{Entry, Lifetime, MongoStore, MongoStoreBuilder};
use test_services::MongoServer;

/// Maximum duration of any wait; a test that waits longer has failed.
const DEADLINE: Duration = Duration::from_secs(30);

fn builder(server: &MongoServer) -> MongoStoreBuilder {
    MongoStore::builder(server.uri()).database("test").call_timeout(DEADLINE)
}

fn entry(value: impl Into<Vec<u8>>) -> Entry {
    let life = Lifetime::new(SystemTime::now(), Duration::from_hours(1)).stale_for(Duration::from_hours(1));
    Entry::new(value.into(), life, ["tag".into()])
}

/// Repeats `attempt` until it returns a value.
async fn eventually<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let done = async {
        loop {
            if let Some(done) = attempt().await {
                return done;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, done).await.expect("it never came to that")
}
