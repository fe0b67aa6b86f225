//! What the process takes of its machine.

use metrics_process::Collector;

/// Reads what the process takes, under the names all processes have and under those of the site.
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
    /// Notes what it takes at the moment.
    pub fn note(&self) {
        for collector in &self.collectors {
            collector.collect();
        }
    }
}
