//! A title of v3, and what it is made of.

use anilibria_client::model::Ordinal;
use serde::Serialize;
use serde_json::Number;
use uuid::Uuid;

use super::{Described, Playlist, Torrents};

/// One title.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Title {
    /// Id, the same as in API v1.
    pub id: u32,
    /// Readable id, the alias of API v1.
    pub code: String,
    /// What it is called.
    pub names: Names,
    /// The franchises it belongs to; left out when they were not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub franchises: Option<Vec<TitleFranchise>>,
    /// Note of the team.
    pub announce: Option<String>,
    /// How far it has come.
    pub status: Described,
    /// Poster in three sizes.
    pub posters: Posters,
    /// When an episode last came out, in Unix seconds; 0 when unknown.
    pub updated: i64,
    /// When anything last changed, in Unix seconds; 0 when unknown.
    pub last_change: i64,
    /// What kind of work it is.
    #[serde(rename = "type")]
    pub kind: TitleType,
    /// Names of genres, in alphabetical order.
    pub genres: Vec<String>,
    /// Who worked on it.
    pub team: Team,
    /// When it was first shown.
    pub season: Season,
    /// What it is about.
    pub description: Option<String>,
    /// How many users like it.
    pub in_favorites: u32,
    /// Whether it may be watched.
    pub blocked: Blocked,
    /// What can be watched.
    pub player: Player,
    /// What can be downloaded.
    pub torrents: Torrents,
}

/// What a title is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Names {
    /// In Russian.
    pub ru: String,
    /// In English or in Latin letters.
    pub en: Option<String>,
    /// Another name.
    pub alternative: Option<String>,
}

/// A poster in three sizes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Posters {
    /// For a row in a list.
    pub small: Poster,
    /// For a card.
    pub medium: Poster,
    /// The largest.
    pub original: Poster,
}

/// One size of a poster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Poster {
    /// Path of the picture on the site.
    pub url: Option<String>,
    /// The picture itself, for whoever asks for it.
    pub raw_base64_file: Option<String>,
}

/// What kind of work a title is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TitleType {
    /// The whole of it in words: `ТВ (12 эп.), 24 мин.`
    pub full_string: Option<String>,
    /// Number of the kind; `None` for those that came after v3.
    pub code: Option<u8>,
    /// Name of the kind.
    pub string: Option<String>,
    /// How many episodes are announced.
    pub episodes: Option<u32>,
    /// Length of an episode, in minutes.
    pub length: Option<u64>,
}

/// Nicknames of those who worked on a title, by what they did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Team {
    /// Dubbing.
    pub voice: Vec<String>,
    /// Translation.
    pub translator: Vec<String>,
    /// Subtitles.
    pub editing: Vec<String>,
    /// Decoration.
    pub decor: Vec<String>,
    /// Timing.
    pub timing: Vec<String>,
}

/// When a title was first shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Season {
    /// Name of the season.
    pub string: Option<&'static str>,
    /// Number of the season, 1 for winter; 0 when unknown.
    pub code: u8,
    /// Year.
    pub year: Option<u16>,
    /// Day on which episodes come out, 0 for Monday.
    pub week_day: Option<u8>,
}

/// Whether a title may be watched, in the words of early and of late v3 servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the keys of v3")]
pub struct Blocked {
    /// Blocked by country.
    pub blocked: bool,
    /// Blocked by its rights holder.
    pub bakanim: bool,
    /// Blocked by its rights holder.
    pub copyrights: bool,
    /// Blocked by country.
    pub geoip: bool,
}

/// What can be watched.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Player {
    /// Address of another site's player.
    pub alternative_player: Option<String>,
    /// Host of the streams, whose addresses are paths.
    pub host: Option<String>,
    /// Whether episodes are on Rutube alone.
    pub is_rutube: bool,
    /// From which episode to which.
    pub episodes: EpisodeSpan,
    /// Episodes with streams.
    pub list: Playlist<Episode>,
    /// Episodes on Rutube.
    pub rutube: Playlist<RutubeEpisode>,
}

/// From which episode to which.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EpisodeSpan {
    /// The first.
    pub first: Option<Ordinal>,
    /// The last.
    pub last: Option<Ordinal>,
    /// Both, as text.
    pub string: Option<String>,
}

/// One episode with streams.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Episode {
    /// Its number.
    pub episode: Ordinal,
    /// Its name.
    pub name: Option<String>,
    /// Its id.
    pub uuid: Uuid,
    /// When it last changed, in Unix seconds; 0 when unknown.
    pub created_timestamp: i64,
    /// Path of its picture.
    pub preview: Option<String>,
    /// What a player can offer to skip.
    pub skips: Skips,
    /// Its streams.
    pub hls: Hls,
}

/// What a player can offer to skip: first and last second each, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Skips {
    /// Opening.
    pub opening: Vec<Number>,
    /// Ending.
    pub ending: Vec<Number>,
}

/// Streams by quality: paths, with what follows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hls {
    /// 1080p.
    pub fhd: Option<String>,
    /// 720p.
    pub hd: Option<String>,
    /// 480p.
    pub sd: Option<String>,
}

/// One episode on Rutube.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RutubeEpisode {
    /// Its number.
    pub episode: Ordinal,
    /// When it last changed, in Unix seconds; 0 when unknown.
    pub created_timestamp: i64,
    /// Its id at Rutube.
    pub rutube_id: String,
}

/// A franchise as a title shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TitleFranchise {
    /// Which one.
    pub franchise: FranchiseName,
    /// Its titles, in order.
    pub releases: Vec<FranchiseRelease>,
}

/// Which franchise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FranchiseName {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// A title as a franchise shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FranchiseRelease {
    /// Id of the title.
    pub id: u32,
    /// Readable id of the title.
    pub code: String,
    /// Where it stands.
    pub ordinal: i64,
    /// What it is called.
    pub names: Names,
}

/// A day of the week and what comes out on it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScheduleDay<T> {
    /// The day, 0 for Monday.
    pub day: u8,
    /// Its titles.
    pub list: Vec<T>,
}
