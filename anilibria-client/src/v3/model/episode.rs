//! Episodes.

use serde::{Deserialize, Serialize};
use serde_json::Number;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    model::{Ordinal, Quality},
    v3::wire,
};

/// A range of episodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EpisodeSpan {
    /// First episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub first: Option<Ordinal>,
    /// Last episode.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub last: Option<Ordinal>,
    /// The range as text; free text for a torrent.
    #[serde(deserialize_with = "wire::optional_string")]
    pub string: Option<String>,
}

/// One episode with streams.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Episode {
    /// Number of the episode.
    #[serde(deserialize_with = "wire::ordinal::deserialize")]
    pub episode: Ordinal,
    /// Name of the episode.
    #[serde(deserialize_with = "wire::optional_string")]
    pub name: Option<String>,
    /// Id of the episode.
    #[serde(deserialize_with = "wire::uuid")]
    pub uuid: Option<Uuid>,
    /// Time of the last change; 0 in JSON if unknown.
    #[serde(with = "wire::unix")]
    pub created_timestamp: Option<OffsetDateTime>,
    /// Path of the preview picture.
    #[serde(deserialize_with = "wire::optional_string")]
    pub preview: Option<String>,
    /// Opening and ending, which a player can skip.
    #[serde(deserialize_with = "wire::object")]
    pub skips: Skips,
    /// Streams of the episode.
    #[serde(deserialize_with = "wire::object")]
    pub hls: Hls,
}

impl Default for Episode {
    fn default() -> Self {
        Self {
            episode: Ordinal(0.0),
            name: None,
            uuid: None,
            created_timestamp: None,
            preview: None,
            skips: Skips::default(),
            hls: Hls::default(),
        }
    }
}

/// Opening and ending: first and last second each, or an empty list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Skips {
    /// Opening.
    #[serde(deserialize_with = "wire::numbers")]
    pub opening: Vec<Number>,
    /// Ending.
    #[serde(deserialize_with = "wire::numbers")]
    pub ending: Vec<Number>,
}

/// Streams by quality, as paths with their query.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Hls {
    /// 1080p.
    #[serde(deserialize_with = "wire::optional_string")]
    pub fhd: Option<String>,
    /// 720p.
    #[serde(deserialize_with = "wire::optional_string")]
    pub hd: Option<String>,
    /// 480p.
    #[serde(deserialize_with = "wire::optional_string")]
    pub sd: Option<String>,
}

impl Hls {
    /// Returns the stream of `quality`; `None` if there is none or its path is empty.
    pub fn get(&self, quality: Quality) -> Option<&str> {
        match quality {
            Quality::FullHd => &self.fhd,
            Quality::Hd => &self.hd,
            Quality::Sd => &self.sd,
        }
        .as_deref()
        .filter(|path| !path.is_empty())
    }
}

/// One episode on Rutube.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RutubeEpisode {
    /// Number of the episode.
    #[serde(deserialize_with = "wire::ordinal::deserialize")]
    pub episode: Ordinal,
    /// Time of the last change; 0 in JSON if unknown.
    #[serde(with = "wire::unix")]
    pub created_timestamp: Option<OffsetDateTime>,
    /// Id of the video on Rutube.
    #[serde(deserialize_with = "wire::string")]
    pub rutube_id: String,
}

impl Default for RutubeEpisode {
    fn default() -> Self {
        Self { episode: Ordinal(0.0), created_timestamp: None, rutube_id: String::new() }
    }
}
