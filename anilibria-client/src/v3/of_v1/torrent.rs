//! From AniLiberty's torrents to those of v3.

use crate::{
    model::{self as v1, Codec, Ordinal, ReleaseKind},
    v3::model::{EpisodeSpan, Torrent, TorrentQuality, Torrents},
};

/// The torrents of a release, in the order of the site.
pub(super) fn torrents(torrents: &[v1::Torrent], kind: Option<&ReleaseKind>) -> Torrents {
    let mut sorted: Vec<_> = torrents.iter().collect();
    sorted.sort_by_key(|torrent| (torrent.sort_order.unwrap_or(i64::MAX), torrent.created_at));
    let list: Vec<_> = sorted.into_iter().map(|one| torrent(one, kind)).collect();
    let ends = list.iter().filter_map(|torrent| Some((torrent.episodes.first?, torrent.episodes.last?)));
    Torrents { episodes: EpisodeSpan::over(ends), list }
}

fn torrent(torrent: &v1::Torrent, kind: Option<&ReleaseKind>) -> Torrent {
    let uploaded = torrent.updated_at.or(torrent.created_at);
    let magnet = torrent.magnet.clone().filter(|link| !link.is_empty());
    Torrent {
        torrent_id: torrent.id,
        episodes: span(torrent.description.as_deref().unwrap_or_default().trim(), kind),
        quality: quality(torrent),
        leechers: torrent.leechers,
        seeders: torrent.seeders,
        downloads: torrent.completed_times,
        total_size: torrent.size,
        size_string: size_in_words(torrent.size),
        url: format!("/public/torrent/download.php?id={}", torrent.id),
        magnet: magnet.or_else(|| torrent.magnet_link()).unwrap_or_default(),
        uploaded_timestamp: uploaded,
        hash: torrent.hash.map(|hash| hash.to_string()).unwrap_or_default(),
        metadata: None,
        raw_base64_file: None,
    }
}

/// What `description`, which is free text, says of episodes: `1-17 + OVA(1-4)`.
fn span(description: &str, kind: Option<&ReleaseKind>) -> EpisodeSpan {
    let (first, rest) = leading_number(description);
    let last = rest.strip_prefix(['-', '–']).and_then(|rest| leading_number(rest.trim_start()).0);
    let film = (kind == Some(&ReleaseKind::Movie)).then_some(Ordinal(1.0));
    EpisodeSpan {
        first: first.or(film),
        last: last.or(first).or(film),
        string: Some(description.to_owned()).filter(|text| !text.is_empty()),
    }
}

/// The number at the beginning of `text`, and what follows it.
fn leading_number(text: &str) -> (Option<Ordinal>, &str) {
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (number.parse().ok().map(Ordinal), rest.trim_start())
}

fn quality(torrent: &v1::Torrent) -> TorrentQuality {
    let label = Label::read(&torrent.label).or_else(|| Label::read(&torrent.filename)).unwrap_or_default();
    let source = torrent.source.as_ref().map(|source| source.as_str().to_owned()).or(label.source);
    let resolution = torrent.resolution.as_ref().map(|resolution| resolution.as_str().to_owned());
    let resolution = resolution.or(label.resolution);
    let encoder = torrent.codec.as_ref().and_then(encoder).or(label.encoder);
    let mark = match encoder {
        Some("h265") => Some("HEVC"),
        Some("av1") => Some("AV1"),
        _ => None,
    };
    let words = [source.as_deref(), resolution.as_deref(), mark].into_iter().flatten();
    TorrentQuality {
        string: words.collect::<Vec<_>>().join(" "),
        source,
        resolution,
        encoder: encoder.map(str::to_owned),
        lq_audio: None,
    }
}

fn encoder(codec: &Codec) -> Option<&'static str> {
    match codec {
        Codec::Avc => Some("h264"),
        Codec::Hevc | Codec::HevcHq => Some("h265"),
        Codec::Av1 => Some("av1"),
        _ => None,
    }
}

/// What the name of a torrent says of its quality, for those about which the service says nothing:
/// `Name [WEBRip 1080p HEVC]`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Label {
    source: Option<String>,
    resolution: Option<String>,
    encoder: Option<&'static str>,
}

impl Label {
    /// The words in the last brackets of `name`.
    fn read(name: &str) -> Option<Self> {
        let (before, _) = name.rsplit_once(']')?;
        let (_, words) = before.rsplit_once('[')?;
        let mut label = Self::default();
        for word in words.split([' ', '_', ',']) {
            match word.to_ascii_lowercase().as_str() {
                "hevc" | "x265" => label.encoder = Some("h265"),
                "avc" | "x264" => label.encoder = Some("h264"),
                "av1" => label.encoder = Some("av1"),
                lower if is_resolution(lower) => label.resolution = Some(lower.to_owned()),
                lower if lower.ends_with("rip") || lower == "web-dl" => {
                    label.source = Some(if lower == "web-rip" { "WEBRip" } else { word }.to_owned());
                }
                _ => {}
            }
        }
        Some(label)
    }
}

/// Whether `word` counts lines: `1080p`, `4k`.
fn is_resolution(word: &str) -> bool {
    let lines = word
        .strip_suffix('p')
        .is_some_and(|lines| !lines.is_empty() && lines.bytes().all(|digit| digit.is_ascii_digit()));
    lines || matches!(word, "2k" | "4k" | "8k")
}

/// A size in bytes as v3 tells it: in decimal units, with two digits behind the point at most (`4.8 GB`).
#[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
pub fn size_in_words(bytes: u64) -> String {
    const UNITS: [(&str, f64); 4] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("KB", 1e3)];

    let size = bytes as f64;
    let (unit, one) = UNITS.into_iter().find(|(_, one)| size >= *one).unwrap_or(("B", 1.0));
    let number = format!("{:.2}", size / one);
    format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn size_is_told_in_decimal_units_without_empty_digits() {
        let words = [4_801_286_259, 864_734_373, 2_000, 999, 0].map(size_in_words);

        assert_eq!(words, ["4.8 GB", "864.73 MB", "2 KB", "999 B", "0 B"]);
    }

    #[test]
    fn episodes_are_read_from_free_text() {
        let ends = |text: &str| {
            let span = span(text, Some(&ReleaseKind::Tv));
            (span.first.map(Ordinal::get), span.last.map(Ordinal::get))
        };

        assert_eq!(ends("1-17 + OVA(1-4)"), (Some(1.0), Some(17.0)));
        assert_eq!(ends("13"), (Some(13.0), Some(13.0)));
        assert_eq!(ends("OVA"), (None, None));
        assert_eq!(ends(""), (None, None));
        assert_eq!(span("Фильм", Some(&ReleaseKind::Movie)).last, Some(Ordinal(1.0)));
    }

    #[test]
    fn quality_is_told_in_the_words_of_v3() {
        let torrent: v1::Torrent = serde_json::from_value(json!({
            "id": 7, "type": {"value": "WEBRip"}, "quality": {"value": "1080p"}, "codec": {"value": "x265/HEVC"},
        }))
        .unwrap();

        let quality = quality(&torrent);

        assert_eq!(
            (quality.string.as_str(), quality.encoder.as_deref()),
            ("WEBRip 1080p HEVC", Some("h265"))
        );
    }

    #[test]
    fn quality_that_the_service_does_not_tell_is_read_from_the_name() {
        let named = |label: &str| {
            let torrent: v1::Torrent = serde_json::from_value(json!({"id": 7, "label": label})).unwrap();
            quality(&torrent).string
        };

        assert_eq!(named("Name [v2] - AniLibria [WEB-Rip 1080p HEVC]"), "WEBRip 1080p HEVC");
        assert_eq!(named("Name [BDRip 4K AV1]"), "BDRip 4k AV1");
        assert_eq!(named("Name [HDTVRip 720p]"), "HDTVRip 720p");
        assert_eq!(named("Name"), "");
    }

    #[test]
    fn torrents_stand_in_the_order_of_the_site_and_span_all_their_episodes() {
        let list: Vec<v1::Torrent> = serde_json::from_value(json!([
            {"id": 2, "sort_order": 2, "description": "13-24"},
            {"id": 1, "sort_order": 1, "description": "1-12"},
        ]))
        .unwrap();

        let torrents = torrents(&list, None);

        let ids: Vec<_> = torrents.list.iter().map(|torrent| torrent.torrent_id.get()).collect();
        assert_eq!(ids, [1, 2]);
        assert_eq!(torrents.episodes.string.as_deref(), Some("1-24"));
        assert_eq!(torrents.list[0].url, "/public/torrent/download.php?id=1");
    }
}
