//! The routes of the site's player: streams, qualities, voice tracks and subtitles of an episode.

use std::collections::BTreeMap;

use anilibria_http::{params::Param, problem::Problem};
use poem_openapi::OpenApi;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::{
    params::{EpisodeNumber, QualityParam, TitleRef},
    response::LegacyResponse,
    service::Legacy,
};
use crate::titles::params::Search;

/// Default name of the dubbing studio, for titles without one.
const STUDIO: &str = "AniLibria";

/// Language of all voice tracks.
const LANGUAGE: &str = "ru";

/// Routes of the player.
#[derive(Clone)]
pub(super) struct VideoApi {
    legacy: Legacy,
}

impl VideoApi {
    pub(super) fn new(legacy: Legacy) -> Self {
        Self { legacy }
    }
}

/// The stream of an episode.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stream {
    success: bool,
    url: String,
    video_url: String,
    quality: String,
    voice: String,
    voices: Vec<Voice>,
    subtitles: [(); 0],
}

/// Addresses of the streams of an episode by quality, best first.
#[derive(Serialize)]
struct Qualities {
    success: bool,
    qualities: Map<String, serde_json::Value>,
}

/// Voice tracks of an episode.
#[derive(Serialize)]
struct Voices {
    success: bool,
    voices: Vec<Voice>,
}

/// Subtitles of an episode: always empty, because AniLibria has no separate subtitles.
#[derive(Serialize)]
struct Subtitles {
    success: bool,
    subtitles: [(); 0],
}

/// A voice track.
#[derive(Serialize)]
struct Voice {
    id: &'static str,
    name: &'static str,
    language: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    quality: Option<String>,
    studio: &'static str,
    description: String,
}

/// Fields of a title that the routes read.
#[derive(Deserialize)]
struct Title {
    player: Player,
    team: Team,
}

#[derive(Deserialize)]
struct Player {
    list: BTreeMap<String, Episode>,
}

#[derive(Deserialize)]
struct Team {
    voice: Vec<String>,
}

#[derive(Deserialize)]
struct Episode {
    hls: Map<String, serde_json::Value>,
}

/// A playable episode.
struct Playable {
    /// Addresses of the streams by number of lines, best first.
    streams: Vec<(u16, String)>,
    voice: Voice,
}

#[OpenApi]
impl VideoApi {
    /// Get the stream of an episode
    #[oai(path = "/video", method = "get", hidden)]
    async fn video(
        &self,
        anime_id: Param<TitleRef>,
        episode: Param<EpisodeNumber>,
        quality: Param<QualityParam>,
    ) -> Result<LegacyResponse, Problem> {
        let playable = self.playable(anime_id.0, episode.0).await?;
        let (lines, url) = playable.best(quality.0.0).ok_or(Problem::NotFound)?;
        respond(&Stream {
            success: true,
            url: url.clone(),
            video_url: url,
            quality: format!("{lines}p"),
            voice: STUDIO.to_owned(),
            voices: vec![playable.voice],
            subtitles: [],
        })
    }

    /// List the streams of an episode by quality
    #[oai(path = "/qualities", method = "get", hidden)]
    async fn qualities(
        &self,
        anime_id: Param<TitleRef>,
        episode: Param<EpisodeNumber>,
    ) -> Result<LegacyResponse, Problem> {
        let playable = self.playable(anime_id.0, episode.0).await?;
        let qualities =
            playable.streams.into_iter().map(|(lines, url)| (format!("{lines}p"), url.into())).collect();
        respond(&Qualities { success: true, qualities })
    }

    /// List the voice tracks of an episode
    #[oai(path = "/voices", method = "get", hidden)]
    async fn voices(
        &self,
        anime_id: Param<TitleRef>,
        episode: Param<EpisodeNumber>,
        language: Param<Search>,
    ) -> Result<LegacyResponse, Problem> {
        let playable = self.playable(anime_id.0, episode.0).await?;
        let matches_language = language.0.0.is_none_or(|language| language.eq_ignore_ascii_case(LANGUAGE));
        respond(&Voices {
            success: true,
            voices: matches_language.then_some(playable.voice).into_iter().collect(),
        })
    }

    /// List the subtitles of an episode
    #[oai(path = "/subtitles", method = "get", hidden)]
    async fn subtitles(
        &self,
        anime_id: Param<TitleRef>,
        episode: Param<EpisodeNumber>,
    ) -> Result<LegacyResponse, Problem> {
        self.playable(anime_id.0, episode.0).await?;
        respond(&Subtitles { success: true, subtitles: [] })
    }
}

impl VideoApi {
    async fn playable(&self, title: TitleRef, episode: EpisodeNumber) -> Result<Playable, Problem> {
        let title = self.legacy.title(title.0.as_ref()).await?;
        let mut title: Title = serde_json::from_slice(&title.data()).map_err(Problem::internal)?;
        let episode = title.player.list.remove(&episode.0).ok_or(Problem::NotFound)?;
        Ok(Playable::new(&episode, &title.team.voice))
    }
}

impl Playable {
    fn new(episode: &Episode, voices: &[String]) -> Self {
        let stream = |lines: u16| Some((lines, episode.hls.get(&lines.to_string())?.as_str()?.to_owned()));
        let streams: Vec<_> = [1080, 720, 480].into_iter().filter_map(stream).collect();
        let voice = Voice {
            id: "anilibria",
            name: STUDIO,
            language: LANGUAGE,
            kind: "voice",
            quality: streams.first().map(|(lines, _)| format!("{lines}p")),
            studio: STUDIO,
            description: voices.join(", "),
        };
        Self { streams, voice }
    }

    /// Returns the best stream with at most `lines` lines, or the worst stream if all have more; the best stream if `lines` is
    /// `None`.
    fn best(&self, lines: Option<u16>) -> Option<(u16, String)> {
        let most = lines.unwrap_or(u16::MAX);
        self.streams.iter().find(|(lines, _)| *lines <= most).or(self.streams.last()).cloned()
    }
}

fn respond(body: &impl Serialize) -> Result<LegacyResponse, Problem> {
    LegacyResponse::without_envelope(body).map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playable(lines: &[u16]) -> Playable {
        let hls =
            lines.iter().map(|lines| (lines.to_string(), format!("https://cdn.example/{lines}").into()));
        Playable::new(&Episode { hls: hls.collect() }, &[])
    }

    #[test]
    fn missing_quality_is_replaced_by_the_nearest_one() {
        let lines = |of: &[u16], requested| playable(of).best(requested).map(|(lines, _)| lines);

        assert_eq!(lines(&[480, 720, 1080], Some(720)), Some(720));
        assert_eq!(lines(&[480, 720], Some(1080)), Some(720));
        assert_eq!(lines(&[720, 1080], Some(480)), Some(720));
        assert_eq!(lines(&[480, 1080], None), Some(1080));
        assert_eq!(lines(&[], None), None);
    }
}
