//! Events of a watcher.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Episode, Release, ReleaseId, ReleaseStatus};

/// A change of the catalog. Cheap to clone.
///
/// A release has the fields of the list of the latest releases, with its genres and its latest episode. As JSON an event is an
/// object with its kind in the field `event`: `{"event": "new_episode", "release": {…}, "episode": {…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A release was added. Its episodes follow as separate events.
    NewRelease {
        /// The release.
        release: Arc<Release>,
    },
    /// An episode came out. Several at once are separate events, in their order.
    NewEpisode {
        /// The release of the episode.
        release: Arc<Release>,
        /// The episode.
        episode: Arc<Episode>,
    },
    /// A published episode has changed: its name, number, marks, length or available qualities.
    EpisodeUpdate {
        /// The release of the episode.
        release: Arc<Release>,
        /// The episode after the change.
        episode: Arc<Episode>,
    },
    /// The status of a release has changed: an announced release has begun, or a release has ended or continues.
    StatusChange {
        /// The release.
        release: Arc<Release>,
        /// The status before.
        old: ReleaseStatus,
        /// The status after.
        new: ReleaseStatus,
    },
    /// Changes may have been missed, because there were more than the watcher reads back, or because the earlier state of
    /// a release is unknown. Reload the data that you store.
    Resync,
}

/// The kind of an [`Event`] about a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// [`Event::NewRelease`].
    NewRelease,
    /// [`Event::NewEpisode`].
    NewEpisode,
    /// [`Event::EpisodeUpdate`].
    EpisodeUpdate,
    /// [`Event::StatusChange`].
    StatusChange,
}

impl Event {
    /// Returns the kind of the event; `None` for [`Resync`](Self::Resync), which is about no single release.
    pub fn kind(&self) -> Option<EventKind> {
        match self {
            Self::NewRelease { .. } => Some(EventKind::NewRelease),
            Self::NewEpisode { .. } => Some(EventKind::NewEpisode),
            Self::EpisodeUpdate { .. } => Some(EventKind::EpisodeUpdate),
            Self::StatusChange { .. } => Some(EventKind::StatusChange),
            Self::Resync => None,
        }
    }

    /// Returns the release that has changed; `None` for [`Resync`](Self::Resync).
    pub fn release(&self) -> Option<&Release> {
        match self {
            Self::NewRelease { release }
            | Self::NewEpisode { release, .. }
            | Self::EpisodeUpdate { release, .. }
            | Self::StatusChange { release, .. } => Some(release),
            Self::Resync => None,
        }
    }

    /// Returns the id of the release that has changed.
    pub fn release_id(&self) -> Option<ReleaseId> {
        self.release().map(|release| release.id)
    }

    /// Returns the new or changed episode, if the event is about one.
    pub fn episode(&self) -> Option<&Episode> {
        match self {
            Self::NewEpisode { episode, .. } | Self::EpisodeUpdate { episode, .. } => Some(episode),
            _ => None,
        }
    }
}
