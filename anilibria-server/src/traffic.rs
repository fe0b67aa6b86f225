//! How many requests there have been.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counts requests; cheap to clone, and clones count together.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    requests: Arc<AtomicU64>,
}

impl Traffic {
    /// Counts one more.
    pub fn count(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there have been since the start.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}
