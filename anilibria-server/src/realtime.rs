//! Tells clients at once what happens: one instance watches AniLibria, all hear of it over a bus, and each tells its own
//! clients.

pub mod bus;
pub mod event;
pub mod hub;
pub mod interests;
pub mod notice;
mod pump;
pub mod socket;
pub mod source;
pub mod sse;
pub mod subscribers;
pub mod tally;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};
use tracing::warn;

pub use self::pump::Pump;
use self::{bus::Bus, event::EventId, hub::Hub, tally::Tally};
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
    places: Arc<Semaphore>,
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
            places: Arc::new(Semaphore::new(config.websocket_max_connections.min(Semaphore::MAX_PERMITS))),
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

    /// How many clients are connected.
    pub fn connections(&self) -> usize {
        self.config.websocket_max_connections.saturating_sub(self.places.available_permits())
    }

    /// A place for one more client, while it is held; `None` when all are taken.
    pub fn enter(&self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok();
        let count = if place.is_some() { &self.tally.opened } else { &self.tally.turned_away };
        count.add();
        place
    }

    /// What clients have done since the start.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Says goodbye to all clients, and waits until they have left for `patience` at most.
    pub async fn stop(&self, patience: Duration) {
        self.stopping.send_replace(true);
        let all = u32::try_from(self.config.websocket_max_connections.min(Semaphore::MAX_PERMITS));
        let gone = self.places.acquire_many(all.unwrap_or(u32::MAX));
        // Whoever stays is cut off by the end of the process.
        let _ = timeout(patience, gone).await;
    }

    /// Turns true when the service stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}
