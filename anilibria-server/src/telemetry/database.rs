//! Metrics of calls to the database. Calls of the cache are not included, because the cache has its own metrics.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use metrics::{counter, histogram};
use tokio::time::timeout;

use super::metrics::{DATABASE_DURATION, DATABASE_OPERATIONS};

/// Runs `call`, an `operation` of the driver on `collection`, for at most `limit`, and records its duration and result.
///
/// # Errors
///
/// Returns the error of the driver, or an error after `limit`.
pub(crate) async fn measured_with_timeout<T>(
    operation: &'static str,
    collection: &'static str,
    limit: Duration,
    call: impl Future<Output = mongodb::error::Result<T>>,
) -> anyhow::Result<T> {
    let call = async {
        timeout(limit, call).await.context("MongoDB did not respond in time")?.map_err(anyhow::Error::from)
    };
    measured(operation, collection, call).await
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
    let start = Instant::now();
    let result = call.await;
    let labels = [("operation", operation), ("collection", collection)];
    histogram!(DATABASE_DURATION, &labels).record(start.elapsed());
    let label = if result.is_ok() { "ok" } else { "error" };
    counter!(DATABASE_OPERATIONS, "operation" => operation, "collection" => collection, "result" => label)
        .increment(1);
    result
}
