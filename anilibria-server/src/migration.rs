//! The move of the site from its Node service to this one: comparison, feature flags, roll-out and roll-back.

pub mod compare;
pub mod flags;
pub mod rollback;

use anilibria_http::metrics::Registration;
use metrics::{Unit, counter, describe_counter, describe_gauge};

/// Counter of titles compared with those of the Node service.
const CONSISTENCY_CHECKS: &str = "data_consistency_checks_total";

/// Gauge of the share of failed requests in the last minutes.
const ROLLBACK_ERROR_RATE: &str = "anilibria_rollback_error_rate";

/// Gauge of the mean response time in the last minutes.
const ROLLBACK_MEAN_DURATION: &str = "anilibria_rollback_mean_duration_seconds";

/// Metrics of the migration.
pub const METRICS: Registration = Registration { buckets: &[], describe };

fn describe() {
    describe_counter!(CONSISTENCY_CHECKS, "Titles compared with those of the Node service.");
    describe_gauge!(ROLLBACK_ERROR_RATE, "Share of requests of the last minutes that failed, 0 to 1.");
    describe_gauge!(
        ROLLBACK_MEAN_DURATION,
        Unit::Seconds,
        "How long answers of the last minutes took on average."
    );
    for result in ["consistent", "inconsistent"] {
        counter!(CONSISTENCY_CHECKS, "endpoint" => "title", "result" => result).increment(0);
    }
}
