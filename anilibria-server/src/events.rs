//! Tells clients at once what happens: one instance watches AniLibria, all hear of it over a bus, and each tells its own
//! clients.

pub mod bus;
pub mod event;
pub mod hub;
pub mod interests;
pub mod notice;
pub mod notify;
pub mod params;
mod pump;
pub mod slots;
pub mod socket;
pub mod source;
pub mod sse;
pub mod subscribers;
pub mod tally;

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};
use tracing::warn;

pub use self::pump::Pump;
use self::{
    bus::Bus,
    event::EventId,
    hub::Hub,
    slots::{NoSlot, Slot, Slots},
    tally::Tally,
};
use crate::config::RealtimeConfig;

/// How far back events are heard of that nobody could be asked about when the service started.
const LOOK_BACK: Duration = Duration::from_mins(1);

/// What keeps clients up to date. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Realtime {
    hub: Hub,
    bus: Arc<dyn Bus>,
    /// Events after this one are yet to be heard.
    heard: EventId,
    config: RealtimeConfig,
    slots: Slots,
    stopping: Arc<watch::Sender<bool>>,
    tally: Arc<Tally>,
}

impl Realtime {
    /// Hears of events over `bus`, beginning with those it remembers. Nothing is heard before [`Pump`] runs.
    pub async fn open(bus: Arc<dyn Bus>, config: &RealtimeConfig) -> Self {
        let (past, heard) = match bus.past().await {
            Ok(past) => {
                let last = past.last().map(event::Event::id);
                (past, last.unwrap_or_default())
            }
            Err(error) => {
                warn!(%error, "Past events cannot be read");
                (Vec::new(), EventId::now().before(LOOK_BACK))
            }
        };
        Self {
            hub: Hub::new(config.events_replay, past),
            bus,
            heard,
            config: config.clone(),
            slots: Slots::new(config),
            stopping: Arc::new(watch::Sender::new(false)),
            tally: Arc::default(),
        }
    }

    /// Hands events to the clients of this instance.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The way to all instances.
    pub fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// The last event of the past: those after it are yet to be heard.
    pub fn heard(&self) -> EventId {
        self.heard
    }

    /// How clients are kept up to date.
    pub fn config(&self) -> &RealtimeConfig {
        &self.config
    }

    /// Returns the number of live connections.
    pub fn connections(&self) -> usize {
        self.slots.taken()
    }

    /// Takes a slot for one more live connection of `client`; `None` stands for a client that is not limited by itself.
    ///
    /// # Errors
    ///
    /// Which limit there is no slot for.
    pub fn enter(&self, client: Option<IpAddr>) -> Result<Slot, NoSlot> {
        let slot = self.slots.enter(client);
        let count = if slot.is_ok() { &self.tally.opened } else { &self.tally.turned_away };
        count.add();
        slot
    }

    /// What clients have done since the start.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Closes all live connections, and waits at most `limit` until they are closed.
    pub async fn stop(&self, limit: Duration) {
        self.stopping.send_replace(true);
        // Those that stay open end with the process.
        let _ = timeout(limit, self.slots.vacated()).await;
    }

    /// Turns true when the service stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}
