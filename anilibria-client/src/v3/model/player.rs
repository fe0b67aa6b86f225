//! Streams of titles.

use serde::{Deserialize, Serialize};

use super::{Episode, EpisodeSpan, Playlist, RutubeEpisode};
use crate::{model::Quality, v3::wire};

/// Streams of a title.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Player {
    /// URL of the player of another site.
    #[serde(deserialize_with = "wire::optional_string")]
    pub alternative_player: Option<String>,
    /// Host of the streams, whose URLs are paths.
    #[serde(deserialize_with = "wire::optional_string")]
    pub host: Option<String>,
    /// True if all episodes are on Rutube only.
    #[serde(deserialize_with = "wire::flag")]
    pub is_rutube: bool,
    /// Range of the episodes.
    #[serde(deserialize_with = "wire::object")]
    pub episodes: EpisodeSpan,
    /// Episodes with streams.
    pub list: Playlist<Episode>,
    /// Episodes on Rutube.
    pub rutube: Playlist<RutubeEpisode>,
}

impl Player {
    /// Returns the URL of a stream of an episode; `None` if the episode has no stream of this quality or the host is unknown.
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
