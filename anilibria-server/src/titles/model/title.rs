//! A title: one release as the site shows it.

use std::collections::BTreeMap;

use anilibria_http::timestamp::Timestamp;
use poem_openapi::{Enum, Object, types::Example};
use time::macros::datetime;

use super::episode::{Episode, EpisodeKey, EpisodeNumber, Quality, Skip, Source, SourceKind};

/// A title: an anime with its episodes.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example)]
pub struct Title {
    /// AniLibria's id of the title.
    pub id: u32,
    /// Readable id of the title, as in the addresses of AniLibria's site.
    pub alias: String,
    /// Names of the title.
    pub names: Names,
    /// Description in Russian; empty if unknown.
    pub description: String,
    /// Type of the work.
    #[oai(rename = "type")]
    pub kind: TitleKind,
    /// Status of the title.
    pub status: TitleStatus,
    /// Names of the genres in Russian.
    pub genres: Vec<String>,
    /// Year of the first broadcast; 0 if unknown.
    pub year: i32,
    /// Season of the first broadcast; `null` if unknown.
    #[oai(nullable)]
    pub season: Option<Season>,
    /// Numbers of episodes.
    pub episodes: EpisodeCount,
    /// Poster in three sizes.
    pub poster: Poster,
    /// Episodes to watch.
    pub player: Player,
    /// Average rating by AniLibria's users, from 0 to 10; `null` if unknown.
    #[oai(nullable)]
    pub rating: Option<f64>,
    /// Id of the title on MyAnimeList; `null` if unknown.
    #[oai(nullable)]
    pub mal_id: Option<u64>,
    /// Id of the title on Shikimori; `null` if unknown.
    #[oai(nullable)]
    pub shikimori_id: Option<u64>,
    /// Time of the last episode, or of the last change of the title if it has no episodes.
    pub updated_at: Timestamp,
    /// `true` if the title is blocked in some countries or by its rights holder.
    pub blocked: bool,
}

/// Names of a title.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Names {
    /// Russian name.
    pub ru: String,
    /// English or romanised name; `null` if unknown.
    #[oai(nullable)]
    pub en: Option<String>,
    /// Another name; `null` if there is none.
    #[oai(nullable)]
    pub alternative: Option<String>,
}

/// Numbers of episodes of a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Object)]
pub struct EpisodeCount {
    /// Number of announced episodes; `null` if unknown.
    #[oai(nullable)]
    pub total: Option<u32>,
    /// Number of released episodes; `null` if unknown.
    #[oai(nullable)]
    pub current: Option<u32>,
}

/// A poster in three sizes, as absolute URLs; `null` if there is no picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Object)]
pub struct Poster {
    /// Small picture, for a row of a list.
    #[oai(nullable)]
    pub small: Option<String>,
    /// Medium picture, for a card.
    #[oai(nullable)]
    pub medium: Option<String>,
    /// Picture in its original size.
    #[oai(nullable)]
    pub large: Option<String>,
}

/// Episodes to watch.
#[derive(Clone, Debug, Default, PartialEq, Object)]
pub struct Player {
    /// Episodes by number. The keys are the numbers as text, such as `"7"` or `"7.5"`. Empty in lists.
    pub episodes: BTreeMap<EpisodeKey, Episode>,
}

/// Type of a work: a series (`TV`), a film (`Movie`), a release for home video (`OVA`) or for the web (`ONA`), or a special.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TitleKind {
    /// A series.
    #[oai(rename = "TV")]
    Tv,
    /// A film.
    Movie,
    /// A release for home video.
    #[oai(rename = "OVA")]
    Ova,
    /// A release for the web.
    #[oai(rename = "ONA")]
    Ona,
    /// A special.
    Special,
}

/// Status of a title: its episodes are coming out (`ongoing`), all episodes are out (`completed`), or no episode is out yet
/// (`announced`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[oai(rename_all = "lowercase")]
pub enum TitleStatus {
    /// Episodes are coming out.
    Ongoing,
    /// All episodes are out.
    Completed,
    /// No episode is out yet.
    Announced,
}

/// A season of the year. `winter` begins in January, `spring` in April, `summer` in July, and `autumn` in October.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Season {
    /// January to March.
    Winter,
    /// April to June.
    Spring,
    /// July to September.
    Summer,
    /// October to December.
    Autumn,
}

impl Example for Title {
    fn example() -> Self {
        let episode = Episode {
            id: Some("9ca8f0c9-2f1c-4a3c-a1b6-0d3f5ab1c001".into()),
            number: EpisodeNumber::from(1.0),
            name: "Начало".into(),
            preview: None,
            duration: Some(1420),
            sources: vec![Source {
                quality: Quality::Hd,
                url: "https://cdn.example/42/1/720.m3u8".into(),
                kind: SourceKind::Hls,
            }],
            opening: Some(Skip { start: Some(60), stop: Some(150) }),
            ending: None,
        };
        Self {
            id: 42,
            alias: "sample".into(),
            names: Names { ru: "Пример".into(), en: Some("Sample".into()), alternative: None },
            description: "О чём-то хорошем.".into(),
            kind: TitleKind::Tv,
            status: TitleStatus::Completed,
            genres: vec!["Драма".into()],
            year: 2020,
            season: Some(Season::Winter),
            episodes: EpisodeCount { total: Some(12), current: Some(12) },
            poster: Poster { medium: Some("https://cdn.example/42m.webp".into()), ..Poster::default() },
            player: Player { episodes: BTreeMap::from([(EpisodeKey::new(None, 1.0), episode)]) },
            rating: None,
            mal_id: Some(52_991),
            shikimori_id: Some(52_991),
            updated_at: datetime!(2020-03-28 12:00 UTC).into(),
            blocked: false,
        }
    }
}
