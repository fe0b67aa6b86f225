//! What can be watched.

use serde::{Deserialize, Serialize};

use super::{Episode, EpisodeSpan, Playlist, RutubeEpisode};
use crate::{model::Quality, v3::wire};

/// What can be watched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Player {
    /// Address of another site's player.
    #[serde(deserialize_with = "wire::optional_string")]
    pub alternative_player: Option<String>,
    /// Host of the streams, whose addresses are paths.
    #[serde(deserialize_with = "wire::optional_string")]
    pub host: Option<String>,
    /// Whether episodes are on Rutube alone.
    #[serde(deserialize_with = "wire::flag")]
    pub is_rutube: bool,
    /// From which episode to which.
    #[serde(deserialize_with = "wire::object")]
    pub episodes: EpisodeSpan,
    /// Episodes with streams.
    pub list: Playlist<Episode>,
    /// Episodes on Rutube.
    pub rutube: Playlist<RutubeEpisode>,
}

impl Player {
    /// The address of an episode's stream, if it is there in that quality and the host is known.
    ///
    /// ```
    /// use anilibria_client::{model::Quality, v3::model::Player};
    ///
    /// let player: Player = serde_json::from_str(
    ///     r#"{"host": "cdn.example", "list": {"1": {"episode": 1, "hls": {"hd": "/1/720.m3u8"}}}}"#,
    /// )?;
    ///
    /// let episode = &player.list.as_slice()[0];
    /// assert_eq!(player.stream_url(Quality::Hd, episode).as_deref(), Some("https://cdn.example/1/720.m3u8"));
    /// assert_eq!(player.stream_url(Quality::Sd, episode), None);
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    pub fn stream_url(&self, quality: Quality, episode: &Episode) -> Option<String> {
        let path = episode.hls.get(quality)?;
        if path.starts_with("http") {
            return Some(path.to_owned());
        }
        Some(format!("https://{}{path}", self.host.as_deref()?))
    }
}
