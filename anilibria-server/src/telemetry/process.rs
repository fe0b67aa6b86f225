//! What the process takes of its machine.

use metrics_process::Collector;

/// Reads what the process takes, under the names all processes have and under those of the site.
#[derive(Clone, Debug)]
pub(super) struct Process {
    collectors: [Collector; 2],
}

impl Process {
    /// The process of this program.
    pub(super) fn new() -> Self {
        let collectors = [Collector::default(), Collector::new("anime_site_")];
        for collector in &collectors {
            collector.describe();
        }
        Self { collectors }
    }

    /// Notes what it takes at the moment.
    pub(super) fn note(&self) {
        for collector in &self.collectors {
            collector.collect();
        }
    }
}
