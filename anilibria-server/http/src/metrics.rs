//! Metrics of requests, and the type with which each part of the service registers its metrics.

mod limit;
mod route;

use metrics::{SharedString, Unit, counter, describe_counter, describe_histogram};

pub use self::{limit::Limit, route::RouteMetrics};

/// Names of the request counters, with the name of the label for the status. Each part of the site reads the counters under a
/// different name.
const REQUESTS: [(&str, &str); 3] = [
    ("anilibria_requests_total", "status"),
    ("anime_site_http_requests_total", "status_code"),
    ("migration_requests_total", "status"),
];

/// Names of the histograms of response times.
const REQUEST_DURATIONS: [&str; 3] = [
    "anilibria_request_duration_seconds",
    "anime_site_http_request_duration_seconds",
    "migration_response_time_seconds",
];

/// Name of this service in metrics that have a label for the service.
const SERVICE: &str = "python";

/// Counter of errors of the service and of its dependencies.
const ERRORS: &str = "anime_site_errors_total";

/// Counter of requests, connections and jobs that a limit rejected.
const LIMIT_HITS: &str = "anime_site_limit_hits_total";

/// Metrics of one part of the service.
#[derive(Clone, Copy, Debug)]
pub struct Registration {
    /// Names of histograms with specific bucket bounds, and these bounds.
    pub buckets: &'static [(&'static str, &'static [f64])],
    /// Describes each metric to the recorder, and creates the counters that may stay at 0 for long.
    pub describe: fn(),
}

/// Metrics of requests.
pub const METRICS: Registration = Registration {
    buckets: &[("anime_site_http_request_duration_seconds", &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])],
    describe,
};

fn describe() {
    for (name, _) in REQUESTS {
        describe_counter!(name, "Requests, by method, route and status.");
    }
    for name in REQUEST_DURATIONS {
        describe_histogram!(name, Unit::Seconds, "Duration of requests, by method and route.");
    }
    describe_counter!(ERRORS, "Errors of the service and of its dependencies, by kind and part.");
    describe_counter!(LIMIT_HITS, "Requests, connections and jobs rejected, by limit.");
    for limit in Limit::ALL {
        limit.count(0);
    }
}

/// Counts an error of the service, or of one of its dependencies, in `component`.
pub fn count_error(component: &'static str, error_type: impl Into<SharedString>) {
    counter!(ERRORS, "error_type" => error_type.into(), "component" => component).increment(1);
}
