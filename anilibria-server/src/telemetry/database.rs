//! Counts what is asked of the database besides the cache, which counts for itself.

use std::time::Instant;

use metrics::{counter, histogram};

use super::inventory::{DATABASE_DURATION, DATABASE_OPERATIONS};

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
