//! Conversion of AniLiberty's torrents to those of v3.

use super::torrent_label::TorrentLabel;
use crate::{
    model::{self as v1, Codec, Ordinal, ReleaseKind},
    v3::model::{EpisodeSpan, Torrent, TorrentQuality, Torrents},
};

/// Returns the torrents of a release in the order of the site.
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
    let description = torrent.description.as_deref().unwrap_or_default().trim();
    let is_quality_known =
        torrent.source.is_some() && torrent.resolution.is_some() && torrent.codec.is_some();
    // Searches convert all torrents, most of which need no label.
    let label = if is_quality_known && ends(description).is_some() {
        TorrentLabel::default()
    } else {
        TorrentLabel::read(&torrent.label).or(TorrentLabel::read(&torrent.filename))
    };
    Torrent {
        torrent_id: torrent.id,
        episodes: span(description, label.episodes.as_deref().unwrap_or_default(), kind),
        quality: quality(torrent, label),
        leechers: torrent.leechers,
        seeders: torrent.seeders,
        downloads: torrent.completed_times,
        total_size: torrent.size,
        size_string: format_size(torrent.size),
        url: format!("/public/torrent/download.php?id={}", torrent.id),
        magnet: magnet.or_else(|| torrent.magnet_link()).unwrap_or_default(),
        uploaded_timestamp: uploaded,
        hash: torrent.hash.map(|hash| hash.to_string()).unwrap_or_default(),
        metadata: None,
        raw_base64_file: None,
    }
}

/// Returns the episodes in `description`, which is free text: `1-17 + OVA(1-4)`. Those in the label complete it.
fn span(description: &str, label: &str, kind: Option<&ReleaseKind>) -> EpisodeSpan {
    let string = if description.is_empty() { label } else { description };
    let is_film = kind == Some(&ReleaseKind::Movie) || string.to_lowercase().contains("фильм");
    let film = is_film.then_some((Ordinal(1.0), Ordinal(1.0)));
    let ends = ends(description).or_else(|| ends(label)).or(film);
    EpisodeSpan {
        first: ends.map(|(first, _)| first),
        last: ends.map(|(_, last)| last),
        string: Some(string.to_owned()).filter(|text| !text.is_empty()),
    }
}

/// Returns the numbers of the first and the last episode at the beginning of `text`, or else those of the first range in it.
fn ends(text: &str) -> Option<(Ordinal, Ordinal)> {
    let leading = |text| {
        let (first, rest) = leading_number(text);
        let last = rest.strip_prefix(['-', '–']).and_then(|rest| leading_number(rest.trim_start()).0);
        Some((first?, last))
    };
    let range = |text| leading(text).and_then(|(first, last)| Some((first, last?)));
    leading(text)
        .map(|(first, last)| (first, last.unwrap_or(first)))
        .or_else(|| text.split([' ', '(', '[']).find_map(range))
}

/// Returns the number at the beginning of `text`, and the rest.
fn leading_number(text: &str) -> (Option<Ordinal>, &str) {
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (number.parse().ok().map(Ordinal), rest.trim_start())
}

fn quality(torrent: &v1::Torrent, label: TorrentLabel) -> TorrentQuality {
    let source = torrent.source.as_ref().map(|source| source.as_str().to_owned()).or(label.source);
    let resolution = torrent.resolution.as_ref().map(|resolution| resolution.as_str().to_owned());
    let resolution = resolution.or(label.resolution);
    let encoder = torrent.codec.as_ref().and_then(encoder).or(label.encoder);
    let mark = match encoder {
        Some("h265") => Some("HEVC"),
        Some("av1") => Some("AV1"),
        _ => None,
    };
    let parts = [source.as_deref(), resolution.as_deref(), mark].into_iter().flatten();
    TorrentQuality {
        string: parts.collect::<Vec<_>>().join(" "),
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

/// Formats a size in bytes in decimal units, with at most two decimal places (`4.8 GB`).
#[expect(clippy::cast_precision_loss, reason = "three digits are displayed")]
pub fn format_size(bytes: u64) -> String {
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

    fn torrent_of(json: serde_json::Value) -> Torrent {
        torrent(&serde_json::from_value(json).unwrap(), None)
    }

    #[test]
    fn size_has_decimal_units_without_trailing_zeros() {
        let sizes = [4_801_286_259, 864_734_373, 2_000, 999, 0].map(format_size);

        assert_eq!(sizes, ["4.8 GB", "864.73 MB", "2 KB", "999 B", "0 B"]);
    }

    #[test]
    fn episodes_are_read_from_the_description_before_the_label() {
        let ends = |description: &str, label: &str| {
            let span = span(description, label, Some(&ReleaseKind::Tv));
            (span.first.map(Ordinal::get), span.last.map(Ordinal::get))
        };

        assert_eq!(ends("1-17 + OVA(1-4)", ""), (Some(1.0), Some(17.0)));
        assert_eq!(ends("1-13 из 24", "1-12"), (Some(1.0), Some(13.0)));
        assert_eq!(ends("370-500 + OVA", ""), (Some(370.0), Some(500.0)));
        assert_eq!(ends("OVA (1-4)", ""), (Some(1.0), Some(4.0)));
        assert_eq!(ends("13", ""), (Some(13.0), Some(13.0)));
        assert_eq!(ends("", "1-12"), (Some(1.0), Some(12.0)));
        assert_eq!(ends("ТВ", "1-12"), (Some(1.0), Some(12.0)));
        assert_eq!(ends("П/м фильм", ""), (Some(1.0), Some(1.0)));
        assert_eq!(ends("OVA", ""), (None, None));
        assert_eq!(ends("", ""), (None, None));
        assert_eq!(span("", "", Some(&ReleaseKind::Movie)).last, Some(Ordinal(1.0)));
        assert_eq!(span("", "1-13 из 24", None).string.as_deref(), Some("1-13 из 24"));
        assert_eq!(span("ТВ", "1-12", None).string.as_deref(), Some("ТВ"));
    }

    #[test]
    fn quality_has_the_spelling_of_v3() {
        let torrent = json!({
            "id": 7, "type": {"value": "WEBRip"}, "quality": {"value": "1080p"}, "codec": {"value": "x265/HEVC"},
            "label": "Name [BDRip 720p][AVC][1-12]",
        });

        let torrent = torrent_of(torrent);

        assert_eq!(
            (torrent.quality.string.as_str(), torrent.quality.encoder.as_deref()),
            ("WEBRip 1080p HEVC", Some("h265"))
        );
    }

    #[test]
    fn missing_quality_and_episodes_are_read_from_the_names() {
        let torrent = torrent_of(json!({
            "id": 7, "label": "Name - AniLibria.TOP [HDTVRip 720p][1-13]", "type": {"value": null},
            "filename": "Name - AniLibria.TOP [WEBRip 1080p][HEVC].torrent",
        }));

        assert_eq!(torrent.quality.string, "HDTVRip 720p HEVC");
        assert_eq!(torrent.quality.encoder.as_deref(), Some("h265"));
        assert_eq!(torrent.episodes.string.as_deref(), Some("1-13"));
        assert_eq!(torrent.episodes.last, Some(Ordinal(13.0)));
    }

    #[test]
    fn torrents_keep_the_order_of_the_site_and_span_all_episodes() {
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
