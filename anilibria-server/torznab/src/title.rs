//! Titles of torrents, in a format that Sonarr and Radarr parse.

use std::fmt::Write as _;

use anilibria_client::{
    model::{Codec, torrent::Resolution, torrent::TorrentSource},
    reflector::TorrentEntry,
};

use crate::{numbering::Numbering, placement::Placement};

/// Name of the release group at the end of each title.
const GROUP: &str = "AniLibria";

/// Language of the voice-over. Clients parse it as Russian.
const LANGUAGE: &str = "RUS";

/// Maximum number of characters of a name in a title.
const MAX_NAME: usize = 160;

/// Returns the title of a torrent: `Name - S01E01-E12 [1080p WEB-DL HEVC RUS]-AniLibria` for a series, `Name - 001-220 […]` for
/// absolute numbers, `Name (2020) […]` for a film.
pub(crate) fn title(placement: &Placement, numbering: &Numbering, torrent: &TorrentEntry) -> String {
    let mut title = name(&placement.series);
    number(&mut title, placement, numbering);
    let words = [resolution(torrent), source(torrent), codec(torrent), Some(LANGUAGE)];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    // Writing into a string cannot fail.
    let _ = write!(title, " [{}]-{GROUP}", words.join(" "));
    title
}

/// Adds the numbers of the episodes, or the year of a film.
fn number(title: &mut String, placement: &Placement, numbering: &Numbering) {
    let range = numbering.title_range().map(|range| (*range.start(), *range.end()));
    let _ = match (placement.season, numbering.season, range) {
        (None, ..) => match placement.series_year {
            Some(year) => write!(title, " ({year})"),
            None => Ok(()),
        },
        (_, Some(season), None) => write!(title, " - S{season:02}"),
        (_, Some(season), Some((first, last))) if first == last => {
            write!(title, " - S{season:02}E{first:02}")
        }
        (_, Some(season), Some((first, last))) => write!(title, " - S{season:02}E{first:02}-E{last:02}"),
        (_, None, Some((first, last))) if first == last => write!(title, " - {first:03}"),
        (_, None, Some((first, last))) => write!(title, " - {first:03}-{last:03}"),
        (_, None, None) => Ok(()),
    };
}

/// Returns a name without the characters that have a meaning in titles or in paths, and with at most [`MAX_NAME`] characters.
fn name(name: &str) -> String {
    let is_special = |letter: char| {
        letter.is_control()
            || matches!(letter, '[' | ']' | '{' | '}' | '/' | '\\' | '_' | '|' | '<' | '>' | '*')
    };
    let spaced: String =
        name.chars().take(MAX_NAME).map(|letter| if is_special(letter) { ' ' } else { letter }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn resolution(torrent: &TorrentEntry) -> Option<&str> {
    Some(match torrent.resolution.as_ref()? {
        // Clients know the number of lines, but not `2k`, `4k` and `8k`.
        Resolution::K2 => "1440p",
        Resolution::K4 => "2160p",
        Resolution::K8 => "4320p",
        Resolution::Unknown(other) => known_lines(other)?,
        known => known.as_str(),
    })
}

/// Returns an unknown resolution if it is a number of lines.
fn known_lines(other: &str) -> Option<&str> {
    let lines = other.strip_suffix('p')?;
    let is_number = (3..=4).contains(&lines.len()) && lines.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(other)
}

/// Returns the source in a word that clients recognise. They recognise neither `WEB-DLRip` nor `HDTVRip`, and parse a `BDRip` in
/// 2160p as 480p.
fn source(torrent: &TorrentEntry) -> Option<&'static str> {
    Some(match torrent.source.as_ref()? {
        TorrentSource::BdRip if torrent.resolution == Some(Resolution::K4) => "BluRay",
        TorrentSource::BdRip => "BDRip",
        TorrentSource::HdRip => "HDRip",
        TorrentSource::TvRip | TorrentSource::DtvRip => "TVRip",
        TorrentSource::DvdRip => "DVDRip",
        TorrentSource::HdtvRip => "HDTV",
        TorrentSource::WebDl => "WEB-DL",
        TorrentSource::WebRip | TorrentSource::WebDlRip => "WEBRip",
        _ => return None,
    })
}

fn codec(torrent: &TorrentEntry) -> Option<&'static str> {
    Some(match torrent.codec.as_ref()? {
        Codec::Av1 => "AV1",
        Codec::Avc => "AVC",
        Codec::Hevc => "HEVC",
        Codec::HevcHq => "HEVC HQ",
        _ => return None,
    })
}
