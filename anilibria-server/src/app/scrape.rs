//! `GET /metrics`: all metrics, for Prometheus.

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

use super::vitals::Vitals;
use crate::{app::State, telemetry::Metrics};

/// Path that Prometheus scrapes.
pub(crate) const PATH: &str = "/metrics";

/// Content type of Prometheus's text format.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Maximum age of sampled gauges. More frequent scrapes receive the last sample.
const FRESH: Duration = Duration::from_secs(1);

/// Timeout of sampling. Gauges of a store that does not answer are omitted.
const PATIENCE: Duration = Duration::from_secs(2);

/// Endpoint for all metrics. Cheap to clone.
#[derive(Clone)]
pub struct Scrape {
    metrics: Metrics,
    vitals: Vitals,
    looked: Arc<Mutex<Option<Instant>>>,
}

impl Scrape {
    /// Creates an endpoint for `metrics` and the sampled gauges of `state`.
    pub fn new(metrics: Metrics, state: &State) -> Self {
        Self { metrics, vitals: Vitals::new(state), looked: Arc::default() }
    }

    /// Returns the route.
    pub fn table(self) -> RouteTable {
        [(PATH.to_owned(), [(Method::GET, self.boxed())].into())].into()
    }

    async fn look(&self) {
        let mut looked = self.looked.lock().await;
        if looked.is_none_or(|at| at.elapsed() >= FRESH) {
            let _ = timeout(PATIENCE, self.vitals.note()).await;
            *looked = Some(Instant::now());
        }
    }
}

impl Endpoint for Scrape {
    type Output = Response;

    async fn call(&self, _: Request) -> poem::Result<Response> {
        self.look().await;
        Ok(Response::builder().header(header::CONTENT_TYPE, TEXT).body(self.metrics.text()))
    }
}
