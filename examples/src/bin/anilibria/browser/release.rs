//! Releases and episodes of the browser: the fields on the screen, as texts that are safe to print.

use anilibria_client::model::{self, AgeRating, ReleaseId};
use indicatif::HumanBytes;

use crate::output::{format, text};

/// Maximum number of characters of a name or another short text.
const MAX_LINE: usize = 300;

/// Maximum number of characters of a description.
const MAX_DESCRIPTION: usize = 10_000;

/// Maximum number of episodes of a release.
const MAX_EPISODES: usize = 5_000;

/// Maximum number of torrents of a release.
const MAX_TORRENTS: usize = 100;

/// A release in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: ReleaseId,
    pub(super) name: String,
    /// Names in other languages.
    pub(super) other_names: Vec<String>,
    /// Kind and year.
    pub(super) origin: String,
    /// Season, number and length of episodes, age rating.
    pub(super) facts: String,
    pub(super) genres: String,
    pub(super) status: &'static str,
    /// A note of the team on when episodes come out.
    pub(super) notification: String,
    pub(super) description: Vec<String>,
    /// Path of the poster.
    pub(super) poster: Option<String>,
}

/// The parts of a release that only its own page has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) episodes: Vec<Episode>,
    /// One line for each torrent.
    pub(super) torrents: Vec<String>,
}

/// An episode in the list of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    pub(super) ordinal: String,
    pub(super) name: String,
    /// Length in hours, minutes and seconds; empty if unknown.
    pub(super) duration: String,
    /// Qualities of the streams, best first.
    pub(super) qualities: String,
    /// URL of the best stream.
    pub(super) stream: Option<String>,
}

impl From<&model::Release> for Entry {
    fn from(release: &model::Release) -> Self {
        let name = line(&release.name.main);
        let others = [&release.name.english, &release.name.alternative];
        let others = others.into_iter().flatten().map(|name| line(name));
        let genres: Vec<_> = release.genres.iter().flatten().map(|genre| genre.name.as_str()).collect();
        let status = match (release.is_ongoing, release.is_in_production) {
            (true, _) => "ongoing",
            (false, true) => "finished, dubbing continues",
            (false, false) => "finished",
        };
        Self {
            id: release.id,
            other_names: others.filter(|other| !other.is_empty() && *other != name).collect(),
            name: if name.is_empty() { format!("Release {}", release.id) } else { name },
            origin: joined(&[
                release.kind.as_ref().map(ToString::to_string),
                release.year.map(|year| year.to_string()),
            ]),
            facts: joined(&[
                release.season.as_ref().map(ToString::to_string),
                release.episodes_total.map(episodes),
                release.average_duration_of_episode.map(format::length),
                release.age_rating.as_ref().map(age),
            ]),
            genres: line(&genres.join(", ")),
            status,
            notification: line(release.notification.as_deref().unwrap_or_default()),
            description: lines(release.description.as_deref().unwrap_or_default()),
            poster: release.poster.as_ref().and_then(model::Image::medium).map(str::to_owned),
        }
    }
}

impl From<&model::Release> for Contents {
    fn from(release: &model::Release) -> Self {
        let episodes = release.episodes.iter().flatten().take(MAX_EPISODES).map(Episode::from);
        let torrents = release.torrents.iter().flatten().take(MAX_TORRENTS).map(torrent);
        Self { episodes: episodes.collect(), torrents: torrents.collect() }
    }
}

impl From<&model::Episode> for Episode {
    fn from(episode: &model::Episode) -> Self {
        let name = episode.name.as_deref().or(episode.name_english.as_deref()).unwrap_or_default();
        let qualities: Vec<_> = episode.streams().map(|(quality, _)| quality.to_string()).collect();
        Self {
            ordinal: episode.ordinal.to_string(),
            name: line(name),
            duration: episode
                .duration
                .filter(|length| !length.is_zero())
                .map(format::length)
                .unwrap_or_default(),
            qualities: qualities.join(" "),
            stream: episode.streams().next().map(|(_, url)| url.to_owned()),
        }
    }
}

/// Returns the beginning of `text` in one line that is safe to print.
fn line(text: &str) -> String {
    text::line(&head(text, MAX_LINE))
}

/// Returns the lines of the beginning of `text`, each safe to print.
fn lines(text: &str) -> Vec<String> {
    head(text, MAX_DESCRIPTION).lines().map(text::line).collect()
}

fn head(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// Returns the facts that are known, with dots between them.
fn joined(facts: &[Option<String>]) -> String {
    let facts: Vec<_> = facts.iter().flatten().map(String::as_str).collect();
    line(&facts.join(" · "))
}

fn episodes(count: u32) -> String {
    if count == 1 { "1 episode".to_owned() } else { format!("{count} episodes") }
}

fn age(rating: &AgeRating) -> String {
    match rating {
        AgeRating::R0Plus => "0+".to_owned(),
        AgeRating::R6Plus => "6+".to_owned(),
        AgeRating::R12Plus => "12+".to_owned(),
        AgeRating::R16Plus => "16+".to_owned(),
        AgeRating::R18Plus => "18+".to_owned(),
        other => other.to_string(),
    }
}

fn torrent(torrent: &model::Torrent) -> String {
    joined(&[
        torrent.resolution.as_ref().map(ToString::to_string),
        torrent.codec.as_ref().map(ToString::to_string),
        torrent.description.clone(),
        Some(HumanBytes(torrent.size).to_string()),
        Some(format!("{} seeders", torrent.seeders)),
    ])
}
