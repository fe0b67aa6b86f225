//! Every metric of the service: its name, what it counts, and the bounds of its buckets.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram};

use super::Limit;

/// Requests answered, by method, route and status: in the words of each part of the site that reads them.
pub(super) const REQUESTS: [(&str, &str); 3] = [
    ("anilibria_requests_total", "status"),
    ("anime_site_http_requests_total", "status_code"),
    ("migration_requests_total", "status"),
];

/// How long answers took, by the same.
pub(super) const REQUEST_DURATIONS: [&str; 3] = [
    "anilibria_request_duration_seconds",
    "anime_site_http_request_duration_seconds",
    "migration_response_time_seconds",
];

/// Name of this service where metrics tell services apart.
pub(super) const SERVICE: &str = "python";

/// Operations of the cache.
pub(super) const CACHE_OPERATIONS: &str = "anime_site_cache_operations_total";
/// How long those took that had to wait.
pub(super) const CACHE_DURATION: &str = "anime_site_cache_operation_duration_seconds";
/// Operations of the database.
pub(super) const DATABASE_OPERATIONS: &str = "anime_site_database_operations_total";
/// How long they took.
pub(super) const DATABASE_DURATION: &str = "anime_site_database_operation_duration_seconds";
/// Attempts to get something from AniLibria.
pub(super) const UPSTREAM_REQUESTS: &str = "anime_site_anilibria_api_requests_total";
/// How long they took.
pub(super) const UPSTREAM_DURATION: &str = "anime_site_anilibria_api_request_duration_seconds";
/// Attempts after a first one that failed.
pub(super) const UPSTREAM_RETRIES: &str = "anime_site_anilibria_api_retries_total";
/// Calls of the Node service.
pub(crate) const INTER_SERVICE_REQUESTS: &str = "inter_service_requests_total";
/// How long they took.
pub(crate) const INTER_SERVICE_DURATION: &str = "inter_service_request_duration_seconds";
/// Errors that are the service's or of what it depends on.
pub(crate) const ERRORS: &str = "anime_site_errors_total";
/// Titles that were read from AniLibria.
pub(crate) const TITLES_SYNCED: &str = "anime_site_titles_synced_total";
/// Episodes that events told of.
pub(crate) const EPISODES_PROCESSED: &str = "anime_site_episodes_processed_total";
/// Events that were handed to clients or services.
pub(crate) const NOTIFICATIONS_SENT: &str = "anime_site_notifications_sent_total";
/// Messages over `WebSocket`s.
pub(crate) const WEBSOCKET_MESSAGES: &str = "anime_site_websocket_messages_total";
/// Titles that were compared with those of the Node service.
pub(crate) const CONSISTENCY_CHECKS: &str = "data_consistency_checks_total";

/// Requests, connections and pieces of work that a limit refused.
pub(super) const LIMIT_HITS: &str = "anime_site_limit_hits_total";
/// Leader leases: 1 on the instance that holds the lease of a task.
pub(crate) const LEADER: &str = "anime_site_leader";
/// Leader leases that were lost.
pub(crate) const LEADER_LOSSES: &str = "anime_site_leader_losses_total";

/// Share of requests that failed in the last minutes.
pub(crate) const ROLLBACK_ERROR_RATE: &str = "anilibria_rollback_error_rate";
/// How long answers took on average in the last minutes.
pub(crate) const ROLLBACK_MEAN_DURATION: &str = "anilibria_rollback_mean_duration_seconds";

/// Bounds where nothing else is said.
pub(super) const DEFAULT_BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Bounds of those that have their own.
pub(super) const BUCKETS: [(&str, &[f64]); 5] = [
    ("anime_site_http_request_duration_seconds", &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]),
    (DATABASE_DURATION, &[0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5]),
    (UPSTREAM_DURATION, &[0.5, 1.0, 2.5, 5.0, 10.0, 30.0]),
    (CACHE_DURATION, &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0]),
    (INTER_SERVICE_DURATION, &DEFAULT_BUCKETS),
];

/// Tells the recorder what each metric counts, and begins at nought with those that may have nothing to count for long.
pub(super) fn describe() {
    for (name, _) in REQUESTS {
        describe_counter!(name, "Requests answered, by method, route and status.");
    }
    for name in REQUEST_DURATIONS {
        describe_histogram!(name, Unit::Seconds, "How long answers took.");
    }
    describe_counter!(CACHE_OPERATIONS, "Operations of the cache, by level and result.");
    describe_histogram!(
        CACHE_DURATION,
        Unit::Seconds,
        "How long operations of the cache took that had to wait."
    );
    describe_counter!(DATABASE_OPERATIONS, "Operations of the database, by collection and result.");
    describe_histogram!(DATABASE_DURATION, Unit::Seconds, "How long operations of the database took.");
    describe_counter!(
        UPSTREAM_REQUESTS,
        "Attempts to read something from AniLibria, by operation and status."
    );
    describe_histogram!(UPSTREAM_DURATION, Unit::Seconds, "How long AniLibria took.");
    describe_counter!(UPSTREAM_RETRIES, "Attempts after one that failed.");
    describe_counter!(INTER_SERVICE_REQUESTS, "Calls of the Node service, by path and status.");
    describe_histogram!(INTER_SERVICE_DURATION, Unit::Seconds, "How long the Node service took.");
    describe_counter!(ERRORS, "Errors of the service and of what it depends on, by kind and part.");
    describe_counter!(TITLES_SYNCED, "Titles read anew from AniLibria.");
    describe_counter!(EPISODES_PROCESSED, "Episodes that events told of.");
    describe_counter!(NOTIFICATIONS_SENT, "Events handed on, by type and channel.");
    describe_counter!(WEBSOCKET_MESSAGES, "Messages over WebSockets, by direction and type.");
    describe_counter!(LIMIT_HITS, "Requests, connections and pieces of work refused, by limit.");
    describe_gauge!(LEADER, "Leader lease of a task: 1 on the instance that holds it, 0 on the others.");
    describe_counter!(LEADER_LOSSES, "Leader leases lost to expiry or to another instance, by task.");
    describe_counter!(CONSISTENCY_CHECKS, "Titles compared with those of the Node service.");
    describe_gauge!(ROLLBACK_ERROR_RATE, "Share of requests of the last minutes that failed, 0 to 1.");
    describe_gauge!(
        ROLLBACK_MEAN_DURATION,
        Unit::Seconds,
        "How long answers of the last minutes took on average."
    );
    super::vitals::describe();
    counter!(TITLES_SYNCED, "source" => "anilibria_api").increment(0);
    for action in ["added", "updated"] {
        counter!(EPISODES_PROCESSED, "action" => action).increment(0);
    }
    for limit in Limit::ALL {
        limit.count(0);
    }
    for result in ["consistent", "inconsistent"] {
        counter!(CONSISTENCY_CHECKS, "endpoint" => "title", "result" => result).increment(0);
    }
}
