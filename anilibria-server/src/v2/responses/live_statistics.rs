//! Statistics of live connections.

use poem_openapi::Object;

use crate::events::Realtime;

/// Statistics of live connections since the start of the service.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct LiveStatistics {
    /// Number of open connections.
    pub connections: usize,
    /// Maximum number of open connections.
    pub max_connections: usize,
    /// Number of subscriptions of all connections: titles and kinds of events.
    pub subscriptions: usize,
    /// Number of connections opened since the start.
    pub opened: u64,
    /// Number of connections refused because of a limit.
    pub turned_away: u64,
    /// Number of connections closed because the client did not respond.
    pub given_up: u64,
    /// Number of messages received from clients.
    pub messages_received: u64,
    /// Number of messages refused because of a rate limit.
    pub messages_refused: u64,
    /// Number of events published.
    pub events: u64,
    /// Number of events sent to clients, each once per client.
    pub events_delivered: u64,
    /// Id of the last event; `null` before the first one.
    #[oai(nullable)]
    pub last_event_id: Option<String>,
}

impl From<&Realtime> for LiveStatistics {
    fn from(realtime: &Realtime) -> Self {
        let (hub, counters) = (realtime.hub(), realtime.live().counters());
        Self {
            connections: realtime.live().count(),
            max_connections: realtime.live().options().max_connections,
            subscriptions: hub.subscriptions(),
            opened: counters.opened.get(),
            turned_away: counters.rejected.get(),
            given_up: counters.timed_out.get(),
            messages_received: counters.messages.get(),
            messages_refused: counters.rate_limited.get(),
            events: hub.events(),
            events_delivered: hub.delivered(),
            last_event_id: hub.last().map(|id| id.to_string()),
        }
    }
}
