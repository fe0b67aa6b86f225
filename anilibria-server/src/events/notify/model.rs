//! Models of the report on notifications to the Node service, for other services.

use poem_openapi::Object;
use serde::{Deserialize, Serialize};

/// How the Node service is told of events, by whichever instance does.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct NotificationStatistics {
    /// Events that it was told of.
    pub sent: u64,
    /// Events that it is yet to be told of.
    pub pending: u64,
    /// Those of them that it was told of in vain before.
    pub retrying: u64,
    /// Events that were given up.
    pub dead: u64,
    /// Seconds since the oldest event happened that it is yet to be told of; `null` when there is none.
    #[oai(nullable)]
    pub oldest_pending_seconds: Option<u64>,
    /// The last events that were given up, at most 100, the oldest first.
    pub dead_letters: Vec<DeadLetter>,
}

/// An event that the Node service is not told of any more.
#[derive(Clone, Debug, PartialEq, Eq, Object, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Identifies the event.
    pub event_id: String,
    /// What kind of event it is.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    pub kind: String,
    /// AniLibria's id of the title it is about.
    pub title_id: u32,
    /// How often the Node service was told.
    pub attempts: u64,
    /// Why it is not told again.
    pub reason: String,
}
