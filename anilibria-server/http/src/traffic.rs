//! Number of requests since the start, and number of open connections.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counts requests and connections. Cheap to clone; clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    connections: AtomicU64,
}

/// Guard of a counted connection. Dropping it ends the count.
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

    /// Returns the number of requests since the start.
    pub fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// Counts one more connection until the guard is dropped.
    pub fn connected(&self) -> Counted {
        self.counts.connections.fetch_add(1, Ordering::Relaxed);
        Counted { counts: Arc::clone(&self.counts) }
    }

    /// Returns the number of open connections.
    pub fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }
}
