//! Tells clients at once what happens: one instance watches AniLibria, all hear of it over a bus, and each tells its own
//! clients.

pub mod asyncapi;
pub mod bus;
pub mod event;
pub mod hub;
pub mod interests;
pub mod metrics;
pub mod notify;
pub mod params;
mod pump;
pub mod socket;
pub mod source;
pub mod sse;
pub mod subscribers;

use std::{sync::Arc, time::Duration};

use anilibria_http::websocket::LiveConnections;
use tracing::warn;

use self::{bus::Bus, event::EventId, hub::Hub};
pub use self::{metrics::METRICS, pump::Pump};

/// How far back events are heard of that nobody could be asked about when the service started.
const LOOK_BACK: Duration = Duration::from_mins(1);

/// What keeps clients up to date. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Realtime {
    hub: Hub,
    bus: Arc<dyn Bus>,
    /// Events after this one are yet to be heard.
    heard: EventId,
    live: LiveConnections,
}

impl Realtime {
    /// Hears of events over `bus`, beginning with those it remembers. Nothing is heard before [`Pump`] runs.
    pub async fn open(bus: Arc<dyn Bus>, replay: usize, live: LiveConnections) -> Self {
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
        Self { hub: Hub::new(replay, past), bus, heard, live }
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

    /// Returns the live connections of this instance.
    pub fn live(&self) -> &LiveConnections {
        &self.live
    }
}
