//! Metrics of the cache, the database, AniLibria and leader leases.

use anilibria_http::metrics::Registration;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Counter of cache operations.
pub(super) const CACHE_OPERATIONS: &str = "anime_site_cache_operations_total";
/// Counter of cache operations by outcomes that the result does not show.
pub(super) const CACHE_OUTCOMES: &str = "anime_site_cache_outcomes_total";
/// Histogram of the durations of cache operations that had to wait.
pub(super) const CACHE_DURATION: &str = "anime_site_cache_operation_duration_seconds";
/// Counter of database operations.
pub(super) const DATABASE_OPERATIONS: &str = "anime_site_database_operations_total";
/// Histogram of the durations of database operations.
pub(super) const DATABASE_DURATION: &str = "anime_site_database_operation_duration_seconds";
/// Counter of attempts to read from AniLibria.
pub(super) const UPSTREAM_REQUESTS: &str = "anime_site_anilibria_api_requests_total";
/// Histogram of the durations of attempts to read from AniLibria.
pub(super) const UPSTREAM_DURATION: &str = "anime_site_anilibria_api_request_duration_seconds";
/// Counter of retries: attempts after a failed attempt.
pub(super) const UPSTREAM_RETRIES: &str = "anime_site_anilibria_api_retries_total";
/// Counter of hedged requests: requests to a further mirror while the first one has not responded.
pub(super) const UPSTREAM_HEDGES: &str = "anime_site_anilibria_api_hedges_total";
/// Gauge of leader leases: 1 on the instance that holds the lease of a task.
pub(super) const LEADER: &str = "anime_site_leader";
/// Counter of lost leader leases.
pub(super) const LEADER_LOSSES: &str = "anime_site_leader_losses_total";

/// Default bucket bounds of histograms.
pub(super) const DEFAULT_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Metrics of the cache, the database, the client of AniLibria and the leader leases.
pub const METRICS: Registration = Registration {
    buckets: &[
        (DATABASE_DURATION, &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]),
        (UPSTREAM_DURATION, &[0.5, 1.0, 2.5, 5.0, 10.0, 30.0]),
        (CACHE_DURATION, &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0]),
    ],
    describe,
};

fn describe() {
    describe_counter!(CACHE_OPERATIONS, "Cache operations, by level and result.");
    describe_counter!(
        CACHE_OUTCOMES,
        "Cache operations that were stale hits, skipped, timed out, or found a corrupt or rejected entry, by level."
    );
    describe_histogram!(CACHE_DURATION, Unit::Seconds, "Duration of cache operations that had to wait.");
    describe_counter!(DATABASE_OPERATIONS, "Database operations, by collection and result.");
    describe_histogram!(DATABASE_DURATION, Unit::Seconds, "Duration of database operations.");
    describe_counter!(UPSTREAM_REQUESTS, "Attempts to read from AniLibria, by operation and status.");
    describe_histogram!(UPSTREAM_DURATION, Unit::Seconds, "Duration of attempts to read from AniLibria.");
    describe_counter!(UPSTREAM_RETRIES, "Retries of failed attempts to read from AniLibria.");
    describe_counter!(
        UPSTREAM_HEDGES,
        "Hedged requests: requests to a further mirror while the first one has not responded."
    );
    describe_gauge!(
        LEADER,
        "Leader lease of a task: 1 on the instance that holds the lease, 0 on the others."
    );
    describe_counter!(LEADER_LOSSES, "Leader leases lost by expiry or to another instance, by task.");
}
