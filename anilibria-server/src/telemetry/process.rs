//! Resource usage of the process.

use metrics_process::Collector;

/// Reads the resource usage of the process. The metrics have the standard names and those of the site.
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
    pub fn note(&self) {
        for collector in &self.collectors {
            collector.collect();
        }
    }
}
