//! What a watcher tells.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{Episode, Release, ReleaseId, ReleaseStatus};

/// A change of the catalogue. Cheap to clone.
///
/// A release is as the list of the latest ones shows it, with its genres and its latest episode. As JSON an event is an object
/// whose `event` tells which one it is: `{"event": "new_episode", "release": {…}, "episode": {…}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A release is there that was not. Its episodes follow as events of their own.
    NewRelease {
        /// The release.
        release: Arc<Release>,
    },
    /// An episode came out. Several at once are told one by one, in their order.
    NewEpisode {
        /// The release it belongs to.
        release: Arc<Release>,
        /// The episode.
        episode: Arc<Episode>,
    },
    /// An episode that was out has changed: its name, number, marks, length or the qualities it is there in.
    EpisodeUpdate {
        /// The release it belongs to.
        release: Arc<Release>,
        /// The episode as it is now.
        episode: Arc<Episode>,
    },
    /// A release was announced and has begun, or has ended, or goes on.
    StatusChange {
        /// The release.
        release: Arc<Release>,
        /// What it was.
        old: ReleaseStatus,
        /// What it is.
        new: ReleaseStatus,
    },
    /// Changes may have been missed, as there were more than the watcher reads back: read anew what you keep.
    Resync,
}

impl Event {
    /// The release that it is about; none for [`Resync`](Self::Resync).
    pub fn release(&self) -> Option<&Release> {
        match self {
            Self::NewRelease { release }
            | Self::NewEpisode { release, .. }
            | Self::EpisodeUpdate { release, .. }
            | Self::StatusChange { release, .. } => Some(release),
            Self::Resync => None,
        }
    }

    /// The id of that release.
    pub fn release_id(&self) -> Option<ReleaseId> {
        self.release().map(|release| release.id)
    }

    /// The episode that it is about, if it is about one.
    pub fn episode(&self) -> Option<&Episode> {
        match self {
            Self::NewEpisode { episode, .. } | Self::EpisodeUpdate { episode, .. } => Some(episode),
            _ => None,
        }
    }
}
