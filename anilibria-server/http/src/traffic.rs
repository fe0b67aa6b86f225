//! Counters of requests and of open connections.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Counters of requests and of open connections. Cheap to clone; clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    connections: AtomicU64,
}

/// Guard of an open connection. The connection is counted until the guard is dropped.
#[derive(Debug)]
pub struct ConnectionGuard {
    counts: Arc<Counts>,
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.counts.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Traffic {
    /// Counts one more request.
    pub fn record_request(&self) {
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of requests since the start.
    pub fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// Counts one more open connection until the returned guard is dropped.
    pub fn open_connection(&self) -> ConnectionGuard {
        self.counts.connections.fetch_add(1, Ordering::Relaxed);
        ConnectionGuard { counts: Arc::clone(&self.counts) }
    }

    /// Returns the number of open connections.
    pub fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }
}
