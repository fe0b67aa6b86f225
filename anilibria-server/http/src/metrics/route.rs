//! Metrics of the requests of one route.

use std::{
    array,
    sync::{Arc, OnceLock},
    time::Duration,
};

use metrics::{Counter, Histogram, Label, counter, histogram};
use poem::http::{Method, StatusCode};

use super::{REQUEST_DURATIONS, REQUESTS, SERVICE};

/// Methods that are counted separately. `OTHER` stands for all others.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "OTHER"];

/// Statuses that the service uses, the most frequent first. Any other status is counted as its class (`4xx`).
const STATUSES: [u16; 27] = [
    200, 304, 404, 101, 201, 202, 204, 206, 301, 302, 307, 308, 400, 401, 403, 405, 406, 409, 412, 413, 414,
    422, 429, 500, 502, 503, 504,
];

/// Counters and histograms of the requests of one route.
///
/// They are looked up in the recorder at the first request. If no recorder is installed by then, nothing is counted.
#[derive(Debug)]
pub struct RouteMetrics {
    endpoint: Arc<str>,
    methods: [OnceLock<Box<MethodMetrics>>; METHODS.len()],
}

struct MethodMetrics {
    durations: [Histogram; REQUEST_DURATIONS.len()],
    statuses: [OnceLock<Counters>; STATUSES.len() + 1],
}

type Counters = [Counter; REQUESTS.len()];

impl RouteMetrics {
    /// Creates the metrics of the route `endpoint`: a pattern such as `/titles/{id}`, so that the number of labels is limited.
    pub fn new(endpoint: impl Into<Arc<str>>) -> Self {
        Self { endpoint: endpoint.into(), methods: array::from_fn(|_| OnceLock::new()) }
    }

    /// Returns the pattern of the route.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Records a request that was answered with `status` after `took`.
    pub fn record(&self, method: &Method, status: StatusCode, took: Duration) {
        let index = METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1);
        let (Some(metrics), Some(method)) = (self.methods.get(index), METHODS.get(index)) else { return };
        let metrics = metrics.get_or_init(|| Box::new(MethodMetrics::new(&self.endpoint, method)));
        for duration in &metrics.durations {
            duration.record(took);
        }
        let index = STATUSES.iter().position(|known| *known == status.as_u16()).unwrap_or(STATUSES.len());
        if let Some(counters) = metrics.statuses.get(index) {
            for counter in counters.get_or_init(|| counters_of(&self.endpoint, method, status)) {
                counter.increment(1);
            }
        }
    }
}

impl MethodMetrics {
    fn new(endpoint: &Arc<str>, method: &'static str) -> Self {
        let duration = |name| {
            let labels = if name == "migration_response_time_seconds" {
                vec![Label::new("service", SERVICE), Label::new("endpoint", Arc::clone(endpoint))]
            } else {
                vec![Label::new("method", method), Label::new("endpoint", Arc::clone(endpoint))]
            };
            histogram!(name, labels)
        };
        Self { durations: REQUEST_DURATIONS.map(duration), statuses: array::from_fn(|_| OnceLock::new()) }
    }
}

impl std::fmt::Debug for MethodMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MethodMetrics").finish_non_exhaustive()
    }
}

fn counters_of(endpoint: &Arc<str>, method: &'static str, status: StatusCode) -> Counters {
    let status = if STATUSES.contains(&status.as_u16()) {
        status.as_str().to_owned()
    } else {
        format!("{}xx", status.as_u16() / 100)
    };
    REQUESTS.map(|(name, status_label)| {
        let first = if name.starts_with("migration") {
            Label::new("service", SERVICE)
        } else {
            Label::new("method", method)
        };
        counter!(
            name,
            vec![
                first,
                Label::new("endpoint", Arc::clone(endpoint)),
                Label::new(status_label, status.clone()),
            ]
        )
    })
}
