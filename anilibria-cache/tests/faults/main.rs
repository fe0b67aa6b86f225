//! The cache with real servers and files, while some of them fail.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what the tests share has to fail as they do; clippy.toml exempts only them"
)]

mod disk;
mod instances;
mod mongodb;
mod partitions;
mod proxy;
mod readers;
mod redis;
mod source;
mod world;

use std::time::Duration;

/// Maximum duration of any wait; a test that waits longer has failed.
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds. Panics with `what` after the deadline.
async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let holds = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, holds).await.is_ok(), "it never came to this: {what}");
}

/// Returns the output of `future`, which must end within the deadline.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("it should have ended by now")
}
