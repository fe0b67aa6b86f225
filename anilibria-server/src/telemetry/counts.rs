//! Counts what happens rarely enough to look its counter up each time.

use metrics::{SharedString, counter};

use super::inventory::{EPISODES_PROCESSED, ERRORS, NOTIFICATIONS_SENT, TITLES_SYNCED};
use crate::events::event::EventKind;

/// Something went wrong in `component` that is the service's fault or of what it depends on.
pub(crate) fn error(component: &'static str, error_type: impl Into<SharedString>) {
    counter!(ERRORS, "error_type" => error_type.into(), "component" => component).increment(1);
}

/// So many titles were read anew from AniLibria.
pub(crate) fn titles_synced(count: usize) {
    counter!(TITLES_SYNCED, "source" => "anilibria_api").increment(count as u64);
}

/// An event of this kind was published, by this instance.
pub(crate) fn published(kind: EventKind) {
    let action = match kind {
        EventKind::NewEpisode => "added",
        EventKind::EpisodeUpdate => "updated",
        EventKind::NewTitle | EventKind::StatusChange | EventKind::TitleUpdated => return,
    };
    counter!(EPISODES_PROCESSED, "action" => action).increment(1);
}

/// The Node service was told of an event of this kind.
pub(crate) fn node_told(kind: EventKind) {
    counter!(NOTIFICATIONS_SENT, "type" => kind.as_str(), "channel" => "nodejs").increment(1);
}
