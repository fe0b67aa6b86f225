//! Metrics of events.

use anilibria_http::metrics::Registration;
use metrics::{counter, describe_counter};

use crate::titles::change::{EventKind, Subject};

/// Counter of events delivered to clients and to the Node service.
pub const NOTIFICATIONS_SENT: &str = "anime_site_notifications_sent_total";

/// Counter of `WebSocket` messages.
pub const WEBSOCKET_MESSAGES: &str = "anime_site_websocket_messages_total";

/// Counter of episodes in published events.
const EPISODES_PROCESSED: &str = "anime_site_episodes_processed_total";

/// Metrics of events.
pub const METRICS: Registration = Registration { buckets: &[], describe };

fn describe() {
    describe_counter!(
        EPISODES_PROCESSED,
        "Added and updated episodes in the events that this instance published."
    );
    describe_counter!(
        NOTIFICATIONS_SENT,
        "Events delivered to clients and to the Node service, by type and channel."
    );
    describe_counter!(WEBSOCKET_MESSAGES, "WebSocket messages, by direction and type.");
    for action in ["added", "updated"] {
        counter!(EPISODES_PROCESSED, "action" => action).increment(0);
    }
}

/// Counts an event that this instance published.
pub fn record_published(kind: EventKind) {
    let action = match kind.subject() {
        Subject::NewEpisode => "added",
        Subject::ChangedEpisode => "updated",
        Subject::Title => return,
    };
    counter!(EPISODES_PROCESSED, "action" => action).increment(1);
}

/// Counts an event that the Node service accepted.
pub(super) fn record_node_notified(kind: EventKind) {
    counter!(NOTIFICATIONS_SENT, "type" => kind.as_str(), "channel" => "nodejs").increment(1);
}
