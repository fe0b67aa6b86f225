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

use super::EXPORT_TIMEOUT;

/// Minimum interval between warnings about lost traces.
const WARNING_INTERVAL: Duration = Duration::from_mins(5);

/// Exporter that sends spans from a task of the runtime. It is called by the thread that collects the spans, which is not a
/// thread of the runtime.
#[derive(Debug)]
pub(super) struct RuntimeExporter {
    exporter: Arc<SpanExporter>,
    runtime: Handle,
    last_warning: Mutex<Option<Instant>>,
}

impl RuntimeExporter {
    /// Creates an exporter that uses `exporter` on the current runtime.
    pub(super) fn new(exporter: SpanExporter) -> Self {
        Self { exporter: Arc::new(exporter), runtime: Handle::current(), last_warning: Mutex::default() }
    }

    /// Logs that spans were lost, unless it did so less than [`WARNING_INTERVAL`] ago.
    fn warn(&self, error: &OTelSdkError) {
        let mut last_warning = self.last_warning.lock().unwrap_or_else(PoisonError::into_inner);
        if last_warning.is_none_or(|at| at.elapsed() >= WARNING_INTERVAL) {
            *last_warning = Some(Instant::now());
            warn!(%error, "traces lost, collector unavailable");
        }
    }
}

impl Export for RuntimeExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exporter = Arc::clone(&self.exporter);
        let sending = self.runtime.spawn(async move {
            timeout(EXPORT_TIMEOUT, exporter.export(batch))
                .await
                .unwrap_or(Err(OTelSdkError::Timeout(EXPORT_TIMEOUT)))
        });
        let sent =
            sending.await.unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())));
        sent.inspect_err(|error| self.warn(error))
    }

    fn shutdown_with_timeout(&self, within: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(within)
    }

    fn set_resource(&mut self, resource: &Resource) {
        // Succeeds: before the first batch there is no other reference.
        if let Some(exporter) = Arc::get_mut(&mut self.exporter) {
            exporter.set_resource(resource);
        }
    }
}
