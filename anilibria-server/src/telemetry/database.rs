//! Calls of the database, with metrics. The calls of the cache are not included: the cache has its own metrics.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use metrics::{counter, histogram};
use tokio::time::timeout;

use super::inventory::{DATABASE_DURATION, DATABASE_OPERATIONS};

/// Runs `call` of the driver, an `operation` on `collection`, for at most `limit`.
///
/// # Errors
///
/// Returns the error of the driver, or an error after `limit`.
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

/// Runs `call`, an `operation` on `collection`, and records its duration and result.
///
/// # Errors
///
/// Returns the error of `call`.
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
