//! All live connections of the service.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::{
    counters::LiveCounters,
    slots::{NoSlot, Slot, Slots},
};

/// Limits of live connections.
#[derive(Clone, Copy, Debug)]
pub struct LiveOptions {
    /// Maximum number of live connections (WebSocket and server-sent events) at a time.
    pub max_connections: usize,
    /// Maximum number of live connections of one client.
    pub max_connections_per_client: usize,
    /// Time between two pings.
    pub ping_interval: Duration,
    /// Maximum time for a client to answer a ping, or to receive a message.
    pub ping_timeout: Duration,
}

/// The live connections of this instance. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LiveConnections {
    options: LiveOptions,
    slots: Slots,
    stopping: Arc<watch::Sender<bool>>,
    counters: Arc<LiveCounters>,
}

impl LiveConnections {
    /// Creates the slots for live connections. `counters` count them and their messages.
    pub fn new(options: LiveOptions, counters: LiveCounters) -> Self {
        let slots = Slots::new(options.max_connections, options.max_connections_per_client);
        Self { options, slots, stopping: Arc::new(watch::Sender::new(false)), counters: Arc::new(counters) }
    }

    /// Returns the limits.
    pub fn options(&self) -> LiveOptions {
        self.options
    }

    /// Returns the number of live connections.
    pub fn count(&self) -> usize {
        self.slots.taken()
    }

    /// Takes a slot for one more live connection of `client`. For `None`, there is no limit per client.
    ///
    /// # Errors
    ///
    /// [`NoSlot`], with the limit that was reached.
    pub fn try_acquire(&self, client: Option<IpAddr>) -> Result<Slot, NoSlot> {
        let slot = self.slots.try_acquire(client);
        let counter = if slot.is_ok() { &self.counters.opened } else { &self.counters.rejected };
        counter.increment();
        slot
    }

    /// Returns the counters since the start.
    pub fn counters(&self) -> &LiveCounters {
        &self.counters
    }

    /// Closes all live connections, and waits at most `limit` until they are closed.
    pub async fn stop(&self, limit: Duration) {
        self.stopping.send_replace(true);
        // Connections that are still open are closed when the process ends.
        let _ = timeout(limit, self.slots.wait_until_free()).await;
    }

    /// Returns a receiver whose value becomes true when the service stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}
