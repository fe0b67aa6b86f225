//! How many connections to the server there are.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use mongodb::event::{EventHandler, cmap::CmapEvent};

/// How the connections of a [`MongoStore`](super::MongoStore) are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Connections that a call is using.
    pub in_use: u32,
    /// Connections that are open, be they in use or not.
    pub open: u32,
    /// So many more calls could have a connection at once, an open one or a new one.
    pub available: u32,
}

/// Counts the connections of a pool, as the driver tells of them.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    counts: Arc<Counts>,
    /// Most connections to one server.
    max: u32,
}

#[derive(Debug, Default)]
struct Counts {
    /// Pools: one for each server.
    servers: AtomicU32,
    open: AtomicU32,
    in_use: AtomicU32,
}

impl Pool {
    /// Counts connections, of which there are at most `max` to each server.
    pub(super) fn new(max: u32) -> Self {
        Self { counts: Arc::default(), max }
    }

    /// What the driver is to tell of its connections.
    pub(super) fn handler(&self) -> EventHandler<CmapEvent> {
        let counts = Arc::clone(&self.counts);
        EventHandler::callback(move |event| counts.hear(&event))
    }

    pub(super) fn stats(&self) -> PoolStats {
        let Counts { servers, open, in_use } = &*self.counts;
        let in_use = in_use.load(Ordering::Relaxed);
        // The first server is known before there is a connection to it.
        let most = servers.load(Ordering::Relaxed).max(1).saturating_mul(self.max);
        PoolStats { in_use, open: open.load(Ordering::Relaxed), available: most.saturating_sub(in_use) }
    }
}

impl Counts {
    fn hear(&self, event: &CmapEvent) {
        match event {
            CmapEvent::PoolCreated(_) => more(&self.servers),
            CmapEvent::PoolClosed(_) => less(&self.servers),
            CmapEvent::ConnectionCreated(_) => more(&self.open),
            CmapEvent::ConnectionClosed(_) => less(&self.open),
            CmapEvent::ConnectionCheckedOut(_) => more(&self.in_use),
            CmapEvent::ConnectionCheckedIn(_) => less(&self.in_use),
            _ => {}
        }
    }
}

fn more(count: &AtomicU32) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// Never below nought, whatever order the driver tells things in.
fn less(count: &AtomicU32) {
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
}
