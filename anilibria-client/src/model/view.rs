//! Progress of users in episodes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Episode, EpisodeId, UserId, wire};

/// Progress of a user in an episode. The service writes it as a triple.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Triple", into = "(EpisodeId, f64, bool)")]
pub struct Timecode {
    /// Id of the episode.
    pub episode_id: EpisodeId,
    /// Position at which the user stopped, from the start of the episode.
    pub position: Duration,
    /// True if the user has watched the episode to the end.
    pub is_watched: bool,
}

impl Timecode {
    /// Creates a time code of a user who stopped at `position`.
    pub fn stopped(episode_id: EpisodeId, position: Duration) -> Self {
        Self { episode_id, position, is_watched: false }
    }

    /// Creates a time code of a user who watched the episode to its end at `position`.
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

/// A record of the history of a user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct View {
    /// Id of the record.
    #[serde(deserialize_with = "wire::or_default")]
    pub id: Option<u64>,
    /// Id of the user.
    #[serde(deserialize_with = "wire::or_default")]
    pub user_id: Option<UserId>,
    /// Id of the episode.
    #[serde(deserialize_with = "wire::or_default")]
    pub release_episode_id: Option<EpisodeId>,
    /// Position at which the user stopped, from the start of the episode.
    #[serde(rename = "time", with = "wire::seconds")]
    pub position: Option<Duration>,
    /// True if the user has watched the episode to the end.
    #[serde(deserialize_with = "wire::or_default")]
    pub is_watched: bool,
    /// Time of the last change.
    #[serde(with = "wire::timestamp")]
    pub updated_at: Option<OffsetDateTime>,
    /// The episode with its release. Available in the history only.
    #[serde(deserialize_with = "wire::or_default")]
    pub release_episode: Option<Box<Episode>>,
}
