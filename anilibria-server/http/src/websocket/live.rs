//! All live connections of the service.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::{
    slots::{NoSlot, Slot, Slots},
    tally::Tally,
};

/// Limits of live connections.
#[derive(Clone, Copy, Debug)]
pub struct LiveOptions {
    /// Maximum live connections (WebSocket and server-sent events) at a time.
    pub max_connections: usize,
    /// Maximum live connections of one client.
    pub max_connections_per_client: usize,
    /// Time between two pings.
    pub ping_interval: Duration,
    /// Time in which a client must answer a ping or receive a message.
    pub ping_timeout: Duration,
}

/// The live connections of this instance. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LiveConnections {
    options: LiveOptions,
    slots: Slots,
    stopping: Arc<watch::Sender<bool>>,
    tally: Arc<Tally>,
}

impl LiveConnections {
    /// Creates the slots for live connections. `tally` counts their events.
    pub fn new(options: LiveOptions, tally: Tally) -> Self {
        let slots = Slots::new(options.max_connections, options.max_connections_per_client);
        Self { options, slots, stopping: Arc::new(watch::Sender::new(false)), tally: Arc::new(tally) }
    }

    /// Returns the limits.
    pub fn options(&self) -> LiveOptions {
        self.options
    }

    /// Returns the number of live connections.
    pub fn count(&self) -> usize {
        self.slots.taken()
    }

    /// Takes a slot for one more live connection of `client`; `None` is a client without a limit per client.
    ///
    /// # Errors
    ///
    /// Returns the limit that was reached.
    pub fn enter(&self, client: Option<IpAddr>) -> Result<Slot, NoSlot> {
        let slot = self.slots.enter(client);
        let count = if slot.is_ok() { &self.tally.opened } else { &self.tally.turned_away };
        count.add();
        slot
    }

    /// Returns the counts since the start.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Closes all live connections, and waits at most `limit` until they are closed.
    pub async fn stop(&self, limit: Duration) {
        self.stopping.send_replace(true);
        // Connections that are still open are closed when the process ends.
        let _ = timeout(limit, self.slots.vacated()).await;
    }

    /// Returns a receiver whose value becomes true when the service stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}
