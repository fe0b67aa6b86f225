//! How many requests there have been, and how many connections there are.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counts requests; cheap to clone, and clones count together.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    connections: AtomicU64,
}

/// A connection, counted for as long as this is held.
#[derive(Debug)]
pub struct Counted {
    counts: Arc<Counts>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.counts.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Traffic {
    /// Counts one more request.
    pub fn count(&self) {
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests there have been since the start.
    pub fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// Counts one more connection, until it is closed.
    pub fn connected(&self) -> Counted {
        self.counts.connections.fetch_add(1, Ordering::Relaxed);
        Counted { counts: Arc::clone(&self.counts) }
    }

    /// How many connections are open.
    pub fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }
}
