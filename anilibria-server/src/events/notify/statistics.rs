//! Models of the statistics of notifications to the Node service.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

/// Statistics of the notifications to the Node service, of all instances.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct NotificationStatistics {
    /// Number of events that the Node service accepted.
    pub sent: u64,
    /// Number of events that the Node service has not accepted yet.
    pub pending: u64,
    /// Number of pending events with at least one failed attempt.
    pub retrying: u64,
    /// Number of events that were given up.
    pub dead: u64,
    /// Age of the oldest pending event in seconds; `null` if no event is pending.
    #[oai(nullable)]
    pub oldest_pending_seconds: Option<u64>,
    /// The last events that were given up, at most 100, oldest first.
    pub dead_letters: Vec<DeadLetter>,
}

/// An event that is no longer sent to the Node service.
#[derive(Clone, Debug, PartialEq, Eq, Object, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Id of the event.
    pub event_id: String,
    /// Kind of the event.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: String,
    /// AniLibria's id of the title.
    pub title_id: u32,
    /// Number of attempts.
    pub attempts: u64,
    /// Reason for giving up.
    pub reason: String,
}
