//! Metrics of calls to the Node service.

use anilibria_http::metrics::Registration;
use metrics::{Unit, describe_counter, describe_histogram};

/// Counter of calls to the Node service.
pub(super) const REQUESTS: &str = "inter_service_requests_total";

/// Histogram of the durations of these calls.
pub(super) const DURATION: &str = "inter_service_request_duration_seconds";

/// Metrics of calls to the Node service.
pub const METRICS: Registration = Registration { buckets: &[], describe };

fn describe() {
    describe_counter!(REQUESTS, "Calls to the Node service, by path and status.");
    describe_histogram!(DURATION, Unit::Seconds, "Duration of calls to the Node service.");
}
