//! A title: one release as the site shows it.

use std::collections::BTreeMap;

use anilibria_http::timestamp::Timestamp;
use poem_openapi::{Enum, Object, types::Example};
use time::macros::datetime;

use super::episode::{Episode, EpisodeKey, EpisodeNumber, Quality, Skip, Source, SourceKind};

/// One title.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example)]
pub struct Title {
    /// AniLibria's id of the title.
    pub id: u32,
    /// AniLibria's readable id of the title, as in the addresses of its site.
    pub alias: String,
    /// What the title is called.
    pub names: Names,
    /// What it is about, in Russian; empty when unknown.
    pub description: String,
    /// What kind of work it is.
    #[oai(rename = "type")]
    pub kind: TitleKind,
    /// How far it has come.
    pub status: TitleStatus,
    /// Genres, as they are displayed.
    pub genres: Vec<String>,
    /// Year it was first shown.
    pub year: i32,
    /// Season it was first shown in.
    #[oai(nullable)]
    pub season: Option<Season>,
    /// How many episodes there are.
    pub episodes: EpisodeCount,
    /// Poster in three sizes.
    pub poster: Poster,
    /// What can be watched.
    pub player: Player,
    /// Average rating by AniLibria's users, out of ten.
    #[oai(nullable)]
    pub rating: Option<f64>,
    /// When an episode last came out, or else when the title was last changed.
    pub updated_at: Timestamp,
    /// Whether the title may not be watched here: blocked by country or by its rights holder.
    pub blocked: bool,
}

/// What a title is called.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Names {
    /// In Russian.
    pub ru: String,
    /// In English or in Latin letters.
    #[oai(nullable)]
    pub en: Option<String>,
    /// Another name.
    #[oai(nullable)]
    pub alternative: Option<String>,
}

/// How many episodes a title has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Object)]
pub struct EpisodeCount {
    /// Announced.
    #[oai(nullable)]
    pub total: Option<u32>,
    /// Already out.
    #[oai(nullable)]
    pub current: Option<u32>,
}

/// A poster in three sizes, absolute URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Object)]
pub struct Poster {
    /// For a row in a list.
    #[oai(nullable)]
    pub small: Option<String>,
    /// For a card.
    #[oai(nullable)]
    pub medium: Option<String>,
    /// As it was uploaded.
    #[oai(nullable)]
    pub large: Option<String>,
}

/// What can be watched.
#[derive(Clone, Debug, Default, PartialEq, Object)]
pub struct Player {
    /// Episodes by number, the number written as text (`"7"`, `"7.5"`); empty in lists.
    pub episodes: BTreeMap<EpisodeKey, Episode>,
}

/// What kind of work a title is.
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

/// How far a title has come.
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

/// A season of the year.
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
            updated_at: datetime!(2020-03-28 12:00 UTC).into(),
            blocked: false,
        }
    }
}
