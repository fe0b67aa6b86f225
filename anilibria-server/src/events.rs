//! Live events: one instance polls AniLibria, publishes events on a bus to all instances, and each instance sends them to
//! its own clients.

pub mod asyncapi;
pub mod bus;
mod bus_consumer;
pub mod event;
pub mod hub;
pub mod metrics;
pub mod notify;
pub mod params;
pub mod socket;
pub mod source;
pub mod sse;
pub mod subscribers;
pub mod subscriptions;

use std::{sync::Arc, time::Duration};

use anilibria_http::websocket::LiveConnections;
use tracing::warn;

use self::{bus::Bus, event::EventId, hub::Hub};
pub use self::{bus_consumer::BusConsumer, metrics::METRICS};

/// Maximum age of events to receive if the bus could not be read at the start of the service.
const FALLBACK_REPLAY: Duration = Duration::from_mins(1);

/// Live events of this instance. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Realtime {
    hub: Hub,
    bus: Arc<dyn Bus>,
    /// Last event of the bus when the service started. Later events have not been received yet.
    last_received: EventId,
    live: LiveConnections,
}

impl Realtime {
    /// Creates a hub of the last `replay` events, which begins with the events stored in `bus`. No further event is received
    /// before [`BusConsumer`] runs.
    pub async fn open(bus: Arc<dyn Bus>, replay: usize, live: LiveConnections) -> Self {
        let (past, last_received) = match bus.past().await {
            Ok(past) => {
                let last = past.last().map(event::Event::id);
                (past, last.unwrap_or_default())
            }
            Err(error) => {
                warn!(error = &*error, "past events cannot be read from the bus, replay is incomplete");
                (Vec::new(), EventId::now().before(FALLBACK_REPLAY))
            }
        };
        Self { hub: Hub::new(replay, past), bus, last_received, live }
    }

    /// Returns the hub, which sends events to the clients of this instance.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Returns the bus between all instances.
    pub fn bus(&self) -> &Arc<dyn Bus> {
        &self.bus
    }

    /// Returns the id of the last event that the bus had stored when the service started. [`BusConsumer`] receives the events
    /// after it.
    pub fn last_received(&self) -> EventId {
        self.last_received
    }

    /// Returns the live connections of this instance.
    pub fn live(&self) -> &LiveConnections {
        &self.live
    }
}
