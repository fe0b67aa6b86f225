//! Live events: one instance polls AniLibria, publishes events on a bus to all instances, and each instance sends them to
//! its own clients.

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

/// Age of the oldest event to receive when the bus could not be read at the start of the service.
const LOOK_BACK: Duration = Duration::from_mins(1);

/// Live events of this instance. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Realtime {
    hub: Hub,
    bus: Arc<dyn Bus>,
    /// Events after this one have not been received yet.
    heard: EventId,
    live: LiveConnections,
}

impl Realtime {
    /// Creates a hub of the last `replay` events, which begins with the events that `bus` stores. No further event is
    /// received before [`Pump`] runs.
    pub async fn open(bus: Arc<dyn Bus>, replay: usize, live: LiveConnections) -> Self {
        let (past, heard) = match bus.past().await {
            Ok(past) => {
                let last = past.last().map(event::Event::id);
                (past, last.unwrap_or_default())
            }
            Err(error) => {
                warn!(error = &*error, "past events cannot be read");
                (Vec::new(), EventId::now().before(LOOK_BACK))
            }
        };
        Self { hub: Hub::new(replay, past), bus, heard, live }
    }

    /// Returns the hub, which sends events to the clients of this instance.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Returns the bus between all instances.
    pub fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// Returns the id of the last past event; later events have not been received yet.
    pub fn heard(&self) -> EventId {
        self.heard
    }

    /// Returns the live connections of this instance.
    pub fn live(&self) -> &LiveConnections {
        &self.live
    }
}
