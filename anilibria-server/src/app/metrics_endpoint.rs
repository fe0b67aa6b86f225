//! `GET /metrics`: all metrics in the format of Prometheus.

use std::{sync::Arc, time::Duration};

use anilibria_http::router::RouteTable;
use poem::{
    Endpoint, EndpointExt as _, Request, Response,
    http::{HeaderValue, Method, header},
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::sampled_metrics::SampledMetrics;
use crate::{app::State, telemetry::Metrics};

/// Path that Prometheus scrapes.
pub(crate) const PATH: &str = "/metrics";

/// Content type of Prometheus's text format.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Minimum interval between two samples. More frequent scrapes receive the last sample.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// Timeout of sampling. Gauges of a store that does not respond are omitted.
const SAMPLE_TIMEOUT: Duration = Duration::from_secs(2);

/// Endpoint for all metrics. Cheap to clone.
#[derive(Clone)]
pub struct MetricsEndpoint {
    metrics: Metrics,
    sampled: SampledMetrics,
    last_sample: Arc<Mutex<Option<Instant>>>,
}

impl MetricsEndpoint {
    /// Creates the endpoint for `metrics`, which also samples the gauges of `state`.
    pub fn new(metrics: Metrics, state: &State) -> Self {
        Self { metrics, sampled: SampledMetrics::new(state), last_sample: Arc::default() }
    }

    /// Returns the route.
    pub fn table(self) -> RouteTable {
        [(PATH.to_owned(), [(Method::GET, self.boxed())].into())].into()
    }

    /// Samples the gauges, unless the last sample is recent.
    async fn sample(&self) {
        let mut last_sample = self.last_sample.lock().await;
        if last_sample.is_none_or(|at| at.elapsed() >= SAMPLE_INTERVAL) {
            let _ = timeout(SAMPLE_TIMEOUT, self.sampled.record()).await;
            *last_sample = Some(Instant::now());
        }
    }
}

impl Endpoint for MetricsEndpoint {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        self.sample().await;
        Ok(Response::builder().header(header::CONTENT_TYPE, TEXT).body(self.metrics.text()))
    }
}
