//! How often an event was handed to a client.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Delivery;
use crate::titles::notice::EventKind;

/// How a client is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Over a `WebSocket`.
    Websocket,
    /// By server-sent events.
    Sse,
}

impl Channel {
    /// All ways.
    pub const ALL: [Self; 2] = [Self::Websocket, Self::Sse];

    /// Its name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Websocket => "websocket",
            Self::Sse => "sse",
        }
    }
}

/// How often each kind of event was handed out on each way.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    events: [[AtomicU64; EventKind::ALL.len()]; Channel::ALL.len()],
    /// That events are gone was told so often.
    lagged: AtomicU64,
}

impl Deliveries {
    pub(super) fn count(&self, channel: Channel, delivery: &Delivery) {
        let count = match delivery {
            Delivery::Event(event) => self.events(channel, event.kind()),
            Delivery::Lagged { .. } => Some(&self.lagged),
        };
        if let Some(count) = count {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn of(&self, channel: Channel, kind: EventKind) -> u64 {
        self.events(channel, kind).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    pub(super) fn all(&self) -> u64 {
        let counts = self.events.iter().flatten().chain([&self.lagged]);
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }

    fn events(&self, channel: Channel, kind: EventKind) -> Option<&AtomicU64> {
        self.events.get(channel as usize)?.get(kind as usize)
    }
}
