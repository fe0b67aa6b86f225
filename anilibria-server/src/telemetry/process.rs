//! Resource usage of the process.

use metrics_process::Collector;

/// Reader of the resource usage of the process. Each metric is recorded under its standard name, and with the prefix of the site.
#[derive(Clone, Debug)]
pub struct Process {
    collectors: [Collector; 2],
}

impl Default for Process {
    fn default() -> Self {
        let collectors = [Collector::default(), Collector::new("anime_site_")];
        for collector in &collectors {
            collector.describe();
        }
        Self { collectors }
    }
}

impl Process {
    /// Records the current usage.
    pub fn record(&self) {
        for collector in &self.collectors {
            collector.collect();
        }
    }
}
