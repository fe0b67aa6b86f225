//! From the Node service's titles to the site's.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use url::Url;

use super::title::{self, Hls, NodeTitle, Posters};
use crate::model::{
    episode::{Episode, EpisodeKey, Quality, Skip, Source, SourceKind},
    title::{EpisodeCount, Names, Player, Poster, Season, Title, TitleKind, TitleStatus},
};

/// The title that `title` is. Pictures with relative addresses are at `site`.
pub fn mapped(title: &NodeTitle, site: Option<&Url>) -> Title {
    let episodes = episodes(&title.player, site);
    Title {
        id: title.id,
        alias: title.code.clone(),
        names: Names {
            ru: title.names.ru.trim().to_owned(),
            en: filled(&title.names.en),
            alternative: filled(&title.names.alternative),
        },
        description: title.description.replace("\r\n", "\n"),
        kind: kind(title.kind.code),
        status: status(&title.status),
        genres: title.genres.clone(),
        year: title.season.year.unwrap_or_default(),
        season: season(title.season.code),
        episodes: EpisodeCount {
            total: title.kind.episodes.filter(|total| *total > 0),
            current: u32::try_from(episodes.values().filter(|episode| episode.number.is_whole()).count())
                .ok(),
        },
        poster: poster(&title.posters, site),
        player: Player { episodes },
        rating: None,
        updated_at: updated_at(title).into(),
        blocked: title.blocked.anywhere || title.blocked.copyrights || title.blocked.geoip,
    }
}

fn episodes(player: &title::Player, site: Option<&Url>) -> BTreeMap<EpisodeKey, Episode> {
    let host = host(&player.host);
    let mapped = player.episodes().into_iter().map(|(number, episode)| {
        let episode = Episode {
            id: filled(&episode.uuid),
            number: number.into(),
            name: episode.name.trim().to_owned(),
            preview: absolute(&episode.preview, site),
            duration: None,
            sources: sources(&episode.hls, host.as_ref()),
            opening: skip(&episode.skips.opening),
            ending: skip(&episode.skips.ending),
        };
        // The order is that of the numbers: a JavaScript object puts whole ones first, whatever it was given.
        (EpisodeKey::new(None, number), episode)
    });
    mapped.collect()
}

/// The streams there are, best first.
fn sources(hls: &Hls, host: Option<&Url>) -> Vec<Source> {
    let streams = [(Quality::FullHd, &hls.fhd), (Quality::Hd, &hls.hd), (Quality::Sd, &hls.sd)];
    let source = |(quality, path): (Quality, &String)| {
        Some(Source { quality, url: absolute(path, host)?, kind: SourceKind::Hls })
    };
    streams.into_iter().filter_map(source).collect()
}

fn skip(range: &[u32]) -> Option<Skip> {
    match *range {
        [start, stop, ..] => Some(Skip { start: Some(start), stop: Some(stop) }),
        _ => None,
    }
}

fn poster(posters: &Posters, site: Option<&Url>) -> Poster {
    let url = |picture: &title::Picture| absolute(&picture.url, site);
    Poster { small: url(&posters.small), medium: url(&posters.medium), large: url(&posters.original) }
}

/// The root of a host, which may also come with its scheme.
fn host(name: &str) -> Option<Url> {
    let name = name.trim();
    let root = if name.contains("://") { name.to_owned() } else { format!("https://{name}") };
    root.parse().ok()
}

/// `address` as one that a browser can load; `None` when it is empty, or relative with nothing to be relative to.
fn absolute(address: &str, root: Option<&Url>) -> Option<String> {
    let address = address.trim();
    if address.is_empty() {
        return None;
    }
    let url = Url::options().base_url(root).parse(address).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

fn kind(code: Option<i64>) -> TitleKind {
    match code {
        Some(0) => TitleKind::Movie,
        Some(2) => TitleKind::Ova,
        Some(3 | 5) => TitleKind::Ona,
        Some(4) => TitleKind::Special,
        _ => TitleKind::Tv,
    }
}

/// By the word, which is what says most; by the code when the word is none that is known.
fn status(status: &title::Coded) -> TitleStatus {
    match status.string.trim().to_lowercase().as_str() {
        "в работе" | "ongoing" => TitleStatus::Ongoing,
        "завершен" | "завершён" | "completed" => TitleStatus::Completed,
        "анонс" | "announced" => TitleStatus::Announced,
        _ if status.code == Some(2) => TitleStatus::Completed,
        _ => TitleStatus::Ongoing,
    }
}

fn season(code: Option<i64>) -> Option<Season> {
    match code {
        Some(1) => Some(Season::Winter),
        Some(2) => Some(Season::Spring),
        Some(3) => Some(Season::Summer),
        Some(4) => Some(Season::Autumn),
        _ => None,
    }
}

fn updated_at(title: &NodeTitle) -> OffsetDateTime {
    let seconds = title.updated.filter(|updated| *updated > 0).or(title.last_change).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
