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

/// Where Prometheus looks.
pub(crate) const PATH: &str = "/metrics";

/// Prometheus's text format.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// How old a look at what is not counted may be: whoever asks more often is shown the last one.
const FRESH: Duration = Duration::from_secs(1);

/// How long such a look may take; what a dead store has to say is left out.
const PATIENCE: Duration = Duration::from_secs(2);

/// Shows all metrics. Cheap to clone.
#[derive(Clone)]
pub struct Scrape {
    metrics: Metrics,
    vitals: Vitals,
    looked: Arc<Mutex<Option<Instant>>>,
}

impl Scrape {
    /// Shows `metrics`, and what can be seen of `state`.
    pub fn new(metrics: Metrics, state: &State) -> Self {
        Self { metrics, vitals: Vitals::new(state), looked: Arc::default() }
    }

    /// The route.
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
