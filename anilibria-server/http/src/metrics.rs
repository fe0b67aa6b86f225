//! Metrics of HTTP, and the registration of metrics by each part of the service.

mod limit;
mod route;

use metrics::{SharedString, Unit, counter, describe_counter, describe_histogram};

pub use self::{limit::Limit, route::RouteMeter};

/// Names and status labels of the request counters. Each part of the site reads the counters under a different name.
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

/// Counter of requests, connections and pieces of work that a limit refused.
const LIMIT_HITS: &str = "anime_site_limit_hits_total";

/// Metrics of one part of the service.
#[derive(Clone, Copy, Debug)]
pub struct Registration {
    /// Histograms with specific bucket bounds.
    pub buckets: &'static [(&'static str, &'static [f64])],
    /// Describes each metric to the recorder, and creates the counters that may stay at 0 for long.
    pub describe: fn(),
}

/// Metrics of HTTP.
pub const METRICS: Registration = Registration {
    buckets: &[("anime_site_http_request_duration_seconds", &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])],
    describe,
};

fn describe() {
    for (name, _) in REQUESTS {
        describe_counter!(name, "Requests answered, by method, route and status.");
    }
    for name in REQUEST_DURATIONS {
        describe_histogram!(name, Unit::Seconds, "How long answers took.");
    }
    describe_counter!(ERRORS, "Errors of the service and of what it depends on, by kind and part.");
    describe_counter!(LIMIT_HITS, "Requests, connections and pieces of work refused, by limit.");
    for limit in Limit::ALL {
        limit.count(0);
    }
}

/// Counts an error in `component` that is the fault of the service or of a dependency.
pub fn count_error(component: &'static str, error_type: impl Into<SharedString>) {
    counter!(ERRORS, "error_type" => error_type.into(), "component" => component).increment(1);
}
