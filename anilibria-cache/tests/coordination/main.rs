//! Coordination between instances, with real servers and files.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod disk_map;
mod election;
mod feed;
mod presence;
mod redis_map;
mod strings;

use std::time::Duration;

use anilibria_cache::{Redis, RedisBuilder};
use test_services::RedisServer;

/// Maximum duration of any wait; a test that waits longer has failed.
const LONG: Duration = Duration::from_secs(20);

/// Returns a builder with long timeouts, because a machine that runs many tests at once can be slow.
fn redis(server: &RedisServer) -> RedisBuilder {
    Redis::builder(server.url()).prefix("test:").response_timeout(LONG / 2).connect_timeout(LONG / 2)
}

/// Waits until `condition` holds.
async fn until(condition: impl AsyncFn() -> bool) {
    let holds = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, holds).await.expect("the condition should hold by now");
}

/// Returns the output of `future`, which must end within [`LONG`].
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future).await.expect("the future should have ended by now")
}
