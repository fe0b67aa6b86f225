//! Counters of events delivered to clients.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Delivery;
use crate::titles::change::EventKind;

/// Transport of a client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// `WebSocket`.
    Websocket,
    /// Server-sent events.
    Sse,
}

impl Channel {
    /// All transports.
    pub const ALL: [Self; 2] = [Self::Websocket, Self::Sse];

    /// Returns the name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Websocket => "websocket",
            Self::Sse => "sse",
        }
    }
}

/// Delivered events by kind and transport.
#[derive(Debug, Default)]
pub(super) struct DeliveryCounts {
    events: [[AtomicU64; EventKind::ALL.len()]; Channel::ALL.len()],
    /// Number of lag notifications to clients.
    lagged: AtomicU64,
}

impl DeliveryCounts {
    /// Counts `delivery` to a client on `channel`.
    pub(super) fn count(&self, channel: Channel, delivery: &Delivery) {
        let counter = match delivery {
            Delivery::Event(event) => self.counter(channel, event.kind()),
            Delivery::Lagged { .. } => Some(&self.lagged),
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the number of events of `kind` delivered on `channel`.
    pub(super) fn events(&self, channel: Channel, kind: EventKind) -> u64 {
        self.counter(channel, kind).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Returns the number of all deliveries, including lag notifications.
    pub(super) fn total(&self) -> u64 {
        let counts = self.events.iter().flatten().chain([&self.lagged]);
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    fn counter(&self, channel: Channel, kind: EventKind) -> Option<&AtomicU64> {
        self.events.get(channel as usize)?.get(kind as usize)
    }
}
