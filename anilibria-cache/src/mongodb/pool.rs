//! The state of the connection pool.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use mongodb::event::{EventHandler, cmap::CmapEvent};

/// Numbers of connections of a [`MongoStore`](super::MongoStore).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Connections in use by calls.
    pub in_use: u32,
    /// Open connections, in use or idle.
    pub open: u32,
    /// Number of further calls that could have a connection at once, an open one or a new one.
    pub available: u32,
}

/// Counts the connections of a pool from the events of the driver.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    counts: Arc<Counts>,
    /// Maximum number of connections to a server.
    max: u32,
}

#[derive(Debug, Default)]
struct Counts {
    /// Number of pools. Each server has one.
    servers: AtomicU32,
    open: AtomicU32,
    in_use: AtomicU32,
}

impl Pool {
    /// Counts connections, with a maximum of `max` to each server.
    pub(super) fn new(max: u32) -> Self {
        Self { counts: Arc::default(), max }
    }

    /// Returns the handler of the driver's events.
    pub(super) fn handler(&self) -> EventHandler<CmapEvent> {
        let counts = Arc::clone(&self.counts);
        EventHandler::callback(move |event| counts.on_event(&event))
    }

    pub(super) fn stats(&self) -> PoolStats {
        let Counts { servers, open, in_use } = &*self.counts;
        let in_use = in_use.load(Ordering::Relaxed);
        // The first server counts before it has a pool.
        let most = servers.load(Ordering::Relaxed).max(1).saturating_mul(self.max);
        PoolStats { in_use, open: open.load(Ordering::Relaxed), available: most.saturating_sub(in_use) }
    }
}

impl Counts {
    fn on_event(&self, event: &CmapEvent) {
        match event {
            CmapEvent::PoolCreated(_) => increment(&self.servers),
            CmapEvent::PoolClosed(_) => decrement(&self.servers),
            CmapEvent::ConnectionCreated(_) => increment(&self.open),
            CmapEvent::ConnectionClosed(_) => decrement(&self.open),
            CmapEvent::ConnectionCheckedOut(_) => increment(&self.in_use),
            CmapEvent::ConnectionCheckedIn(_) => decrement(&self.in_use),
            _ => {}
        }
    }
}

fn increment(count: &AtomicU32) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// Decrements `count`. It stays at 0 if the driver reports events out of order.
fn decrement(count: &AtomicU32) {
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
}
