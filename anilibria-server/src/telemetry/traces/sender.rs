//! Export of spans to the collector.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter as Export},
};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout},
};
use tracing::warn;

use super::PATIENCE;

/// Minimum interval between warnings about lost traces.
const WARN_EVERY: Duration = Duration::from_mins(5);

/// Exports spans on the runtime. The thread that collects the spans does not belong to the runtime.
#[derive(Debug)]
pub(super) struct Sender {
    exporter: Arc<SpanExporter>,
    runtime: Handle,
    warned: Mutex<Option<Instant>>,
}

impl Sender {
    /// Creates a sender that uses `exporter` on the current runtime.
    pub(super) fn new(exporter: SpanExporter) -> Self {
        Self { exporter: Arc::new(exporter), runtime: Handle::current(), warned: Mutex::default() }
    }

    fn warn(&self, error: &OTelSdkError) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
            *warned = Some(Instant::now());
            warn!(%error, "traces lost, collector unavailable");
        }
    }
}

impl Export for Sender {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exporter = Arc::clone(&self.exporter);
        let sending = self.runtime.spawn(async move {
            timeout(PATIENCE, exporter.export(batch)).await.unwrap_or(Err(OTelSdkError::Timeout(PATIENCE)))
        });
        let sent =
            sending.await.unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())));
        sent.inspect_err(|error| self.warn(error))
    }

    fn shutdown_with_timeout(&self, within: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(within)
    }

    fn set_resource(&mut self, resource: &Resource) {
        // Before the first batch there is no other reference, so this succeeds.
        if let Some(exporter) = Arc::get_mut(&mut self.exporter) {
            exporter.set_resource(resource);
        }
    }
}
