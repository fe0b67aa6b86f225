//! How far a user has watched.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Episode, EpisodeId, UserId, wire};

/// How far a user has watched an episode. The service writes it as a triple.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Triple", into = "(EpisodeId, f64, bool)")]
pub struct Timecode {
    /// The episode.
    pub episode_id: EpisodeId,
    /// Where the user stopped, from the start.
    pub position: Duration,
    /// Whether the user has watched it to the end.
    pub is_watched: bool,
}

impl Timecode {
    /// The user stopped at `position`.
    pub fn stopped(episode_id: EpisodeId, position: Duration) -> Self {
        Self { episode_id, position, is_watched: false }
    }

    /// The user has watched the episode to the end, which is at `position`.
    pub fn watched(episode_id: EpisodeId, position: Duration) -> Self {
        Self { episode_id, position, is_watched: true }
    }
}

/// The triple that the service writes.
#[derive(Deserialize)]
struct Triple(
    #[serde(deserialize_with = "wire::identity")] EpisodeId,
    #[serde(with = "wire::seconds")] Option<Duration>,
    #[serde(deserialize_with = "wire::or_default")] bool,
);

impl From<Triple> for Timecode {
    fn from(Triple(episode_id, position, is_watched): Triple) -> Self {
        Self { episode_id, position: position.unwrap_or_default(), is_watched }
    }
}

impl From<Timecode> for (EpisodeId, f64, bool) {
    fn from(timecode: Timecode) -> Self {
        (timecode.episode_id, timecode.position.as_secs_f64(), timecode.is_watched)
    }
}

/// A record of a user's watching.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct View {
    /// Id of the record.
    #[serde(deserialize_with = "wire::or_default")]
    pub id: Option<u64>,
    /// The user.
    #[serde(deserialize_with = "wire::or_default")]
    pub user_id: Option<UserId>,
    /// The episode.
    #[serde(deserialize_with = "wire::or_default")]
    pub release_episode_id: Option<EpisodeId>,
    /// Where the user stopped, from the start.
    #[serde(rename = "time", with = "wire::seconds")]
    pub position: Option<Duration>,
    /// Whether the user has watched it to the end.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_watched: bool,
    /// When it was last changed.
    #[serde(with = "wire::moment")]
    pub updated_at: Option<OffsetDateTime>,
    /// The episode itself, with its release; in the history only.
    #[serde(deserialize_with = "wire::or_default")]
    pub release_episode: Option<Box<Episode>>,
}
