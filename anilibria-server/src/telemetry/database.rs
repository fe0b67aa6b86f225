//! Asks the database, and counts what is asked besides the cache, which counts for itself.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use metrics::{counter, histogram};
use tokio::time::timeout;

use super::inventory::{DATABASE_DURATION, DATABASE_OPERATIONS};

/// What `call` of the driver gives within `limit`, an `operation` on `collection`.
pub(crate) async fn answered<T>(
    operation: &'static str,
    collection: &'static str,
    limit: Duration,
    call: impl Future<Output = mongodb::error::Result<T>>,
) -> anyhow::Result<T> {
    let in_time =
        async { timeout(limit, call).await.context("MongoDB gives no answer")?.map_err(anyhow::Error::from) };
    measured(operation, collection, in_time).await
}

/// What `call` gives, an `operation` on `collection`.
pub(crate) async fn measured<T, E>(
    operation: &'static str,
    collection: &'static str,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let begun = Instant::now();
    let answer = call.await;
    let labels = [("operation", operation), ("collection", collection)];
    histogram!(DATABASE_DURATION, &labels).record(begun.elapsed());
    let result = if answer.is_ok() { "ok" } else { "error" };
    counter!(DATABASE_OPERATIONS, "operation" => operation, "collection" => collection, "result" => result)
        .increment(1);
    answer
}
