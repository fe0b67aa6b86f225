//! The migration of the site from its Node service to this service: comparison, feature flags, rollout and rollback.

pub mod compare;
pub mod flags;
pub mod rollback;

use anilibria_http::metrics::Registration;
use metrics::{Unit, counter, describe_counter, describe_gauge};

/// Counter of comparisons of titles and lists with the Node service.
const CONSISTENCY_CHECKS: &str = "data_consistency_checks_total";

/// Gauge of the share of failed requests in the rollback window.
const ROLLBACK_ERROR_RATE: &str = "anilibria_rollback_error_rate";

/// Gauge of the mean response time in the rollback window.
const ROLLBACK_MEAN_DURATION: &str = "anilibria_rollback_mean_duration_seconds";

/// Metrics of the migration.
pub const METRICS: Registration = Registration { buckets: &[], describe };

fn describe() {
    describe_counter!(
        CONSISTENCY_CHECKS,
        "Comparisons with the Node service, by list or title and by result."
    );
    describe_gauge!(ROLLBACK_ERROR_RATE, "Share of requests that failed within the rollback window, 0 to 1.");
    describe_gauge!(ROLLBACK_MEAN_DURATION, Unit::Seconds, "Mean response time within the rollback window.");
    for result in ["consistent", "inconsistent"] {
        counter!(CONSISTENCY_CHECKS, "endpoint" => "title", "result" => result).increment(0);
    }
}
