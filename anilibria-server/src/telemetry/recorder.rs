//! Recorder of metrics, and their text output.

use std::{sync::OnceLock, time::Duration};

use anilibria_http::metrics::Registration;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{task::JoinHandle, time::sleep};

use super::{metrics::DEFAULT_BUCKETS, renaming_recorder::RenamingRecorder};

/// Interval at which recorded samples are aggregated into buckets.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(1);

/// The metrics of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// Installs the recorder of this process, with the metrics of `parts`; `None` if another recorder is installed. Counters that
    /// were created before the installation are not recorded.
    pub fn install(parts: &[Registration]) -> Option<Self> {
        static INSTALLED: OnceLock<Option<Metrics>> = OnceLock::new();
        INSTALLED.get_or_init(|| Self::start(parts)).clone()
    }

    fn start(parts: &[Registration]) -> Option<Self> {
        // This fails only for empty bounds.
        let builder = PrometheusBuilder::new().set_buckets(&DEFAULT_BUCKETS).ok()?;
        let builder = parts
            .iter()
            .flat_map(|part| part.buckets)
            .map(|(name, bounds)| (Matcher::Full((*name).to_owned()), *bounds))
            .try_fold(builder, |builder, (matcher, bounds)| {
                builder.set_buckets_for_metric(matcher, bounds).ok()
            })?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(RenamingRecorder(recorder)).ok()?;
        for part in parts {
            (part.describe)();
        }
        Some(Self { handle })
    }

    /// Returns all metrics in the text format 0.0.4 of Prometheus.
    pub fn text(&self) -> String {
        self.handle.render()
    }
}

/// The task that aggregates recorded samples into buckets. Without the task, the recorder stores every sample. Dropping the value
/// stops the task.
#[derive(Debug)]
pub struct MetricsUpkeep {
    task: JoinHandle<()>,
}

impl MetricsUpkeep {
    /// Starts the task.
    pub fn start(metrics: &Metrics) -> Self {
        let handle = metrics.handle.clone();
        let task = tokio::spawn(async move {
            loop {
                sleep(UPKEEP_INTERVAL).await;
                handle.run_upkeep();
            }
        });
        Self { task }
    }
}

impl Drop for MetricsUpkeep {
    fn drop(&mut self) {
        self.task.abort();
    }
}
