//! Episodes.

use serde::{Deserialize, Serialize};
use serde_json::Number;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    model::{Ordinal, Quality},
    v3::wire,
};

/// From which episode to which.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EpisodeSpan {
    /// The first.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub first: Option<Ordinal>,
    /// The last.
    #[serde(deserialize_with = "wire::ordinal::optional")]
    pub last: Option<Ordinal>,
    /// Both, as text; free text for a torrent.
    #[serde(deserialize_with = "wire::optional_string")]
    pub string: Option<String>,
}

/// One episode with streams.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Episode {
    /// Its number.
    #[serde(deserialize_with = "wire::ordinal::deserialize")]
    pub episode: Ordinal,
    /// Its name.
    #[serde(deserialize_with = "wire::optional_string")]
    pub name: Option<String>,
    /// Its id.
    #[serde(deserialize_with = "wire::uuid")]
    pub uuid: Option<Uuid>,
    /// When it last changed; 0 on the wire when that is not known.
    #[serde(with = "wire::unix")]
    pub created_timestamp: Option<OffsetDateTime>,
    /// Path of its picture.
    #[serde(deserialize_with = "wire::optional_string")]
    pub preview: Option<String>,
    /// What a player can offer to skip.
    #[serde(deserialize_with = "wire::object")]
    pub skips: Skips,
    /// Its streams.
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

/// What a player can offer to skip: first and last second each, or nothing.
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

/// Streams by quality: paths, with what follows them.
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
    /// The stream of that quality.
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
    /// Its number.
    #[serde(deserialize_with = "wire::ordinal::deserialize")]
    pub episode: Ordinal,
    /// When it last changed; 0 on the wire when that is not known.
    #[serde(with = "wire::unix")]
    pub created_timestamp: Option<OffsetDateTime>,
    /// Its id at Rutube.
    #[serde(deserialize_with = "wire::string")]
    pub rutube_id: String,
}

impl Default for RutubeEpisode {
    fn default() -> Self {
        Self { episode: Ordinal(0.0), created_timestamp: None, rutube_id: String::new() }
    }
}
