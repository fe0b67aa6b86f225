//! Models of the statistics of live connections.

use poem_openapi::Object;

use crate::events::Realtime;

/// Clients that are told at once what happens.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct LiveStatistics {
    /// How many are connected.
    pub connections: usize,
    /// How many can be.
    pub max_connections: usize,
    /// How many titles and kinds of events they want, all together.
    pub subscriptions: usize,
    /// How many have come since the start.
    pub opened: u64,
    /// For how many there was no place.
    pub turned_away: u64,
    /// How many were given up, as they gave no sign of life or took nothing.
    pub given_up: u64,
    /// Messages of theirs.
    pub messages_received: u64,
    /// Messages that were not heeded, as there were too many.
    pub messages_refused: u64,
    /// Events since the start.
    pub events: u64,
    /// How often a client was told of one.
    pub events_delivered: u64,
    /// The last event; `null` when there was none.
    #[oai(nullable)]
    pub last_event_id: Option<String>,
}

impl From<&Realtime> for LiveStatistics {
    fn from(realtime: &Realtime) -> Self {
        let (hub, tally) = (realtime.hub(), realtime.live().tally());
        Self {
            connections: realtime.live().count(),
            max_connections: realtime.live().options().max_connections,
            subscriptions: hub.subscriptions(),
            opened: tally.opened.get(),
            turned_away: tally.turned_away.get(),
            given_up: tally.given_up.get(),
            messages_received: tally.messages.get(),
            messages_refused: tally.refused.get(),
            events: hub.events(),
            events_delivered: hub.delivered(),
            last_event_id: hub.last().map(|id| id.to_string()),
        }
    }
}
