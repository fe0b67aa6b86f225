//! Torrents.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{InfoHash, MemberUser, Release, TorrentId, file_name::file_name, wire};

open_enum! {
    /// Source of the video of a torrent.
    pub enum TorrentSource {
        /// Blu-ray.
        BdRip = "BDRip",
        /// High definition.
        HdRip = "HDRip",
        /// Television.
        TvRip = "TVRip",
        /// Recording of a streaming service.
        WebRip = "WEBRip",
        /// Digital television.
        DtvRip = "DTVRip",
        /// DVD.
        DvdRip = "DVDRip",
        /// High-definition television.
        HdtvRip = "HDTVRip",
        /// Unchanged video of a streaming service.
        WebDl = "WEB-DL",
        /// Re-encoded video of a streaming service.
        WebDlRip = "WEB-DLRip",
    }
}

open_enum! {
    /// Video codec of a torrent.
    pub enum Codec {
        /// AV1.
        Av1 = "AV1",
        /// H.264.
        Avc = "x264/AVC",
        /// H.265.
        Hevc = "x265/HEVC",
        /// H.265 at a higher bit rate.
        HevcHq = "x265hq/HEVC-HQ",
    }
}

open_enum! {
    /// Height of the video of a torrent.
    pub enum Resolution {
        /// 360 lines.
        P360 = "360p",
        /// 480 lines.
        P480 = "480p",
        /// 576 lines.
        P576 = "576p",
        /// 720 lines.
        P720 = "720p",
        /// 1080 lines.
        P1080 = "1080p",
        /// 1440 lines.
        K2 = "2k",
        /// 2160 lines.
        K4 = "4k",
        /// 4320 lines.
        K8 = "8k",
    }
}

open_enum! {
    /// Colour depth of the video of a torrent.
    pub enum ColorDepth {
        /// 8 bits.
        Bit8 = "8bit",
        /// 10 bits.
        Bit10 = "10Bit",
    }
}

open_enum! {
    /// Role of a member in a torrent.
    pub enum TorrentRole {
        /// Encoded it in HEVC.
        Hevc = "HEVC",
    }
}

/// A torrent of a release.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Torrent {
    /// Id, stable.
    #[serde(deserialize_with = "wire::identity")]
    pub id: TorrentId,
    /// Info hash; `None` if the service sends none or an invalid one.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub hash: Option<InfoHash>,
    /// Size in bytes.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub size: u64,
    /// Source of the video.
    #[serde(default, rename = "type", with = "wire::described")]
    pub source: Option<TorrentSource>,
    /// Colour depth.
    #[serde(default, with = "wire::described")]
    pub color: Option<ColorDepth>,
    /// Video codec.
    #[serde(default, with = "wire::described")]
    pub codec: Option<Codec>,
    /// Height of the video.
    #[serde(default, rename = "quality", with = "wire::described")]
    pub resolution: Option<Resolution>,
    /// Name.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub label: String,
    /// Name of the `.torrent` file.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub filename: String,
    /// Magnet link with trackers.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub magnet: Option<String>,
    /// Range of episodes as text (`1-12`).
    #[serde(default, deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// Bit rate in kilobits per second.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub bitrate: Option<u32>,
    /// True if subtitles are part of the video.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_hardsub: bool,
    /// Number of peers that have all data.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub seeders: u32,
    /// Number of peers that download the torrent.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub leechers: u32,
    /// Number of completed downloads.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub completed_times: u32,
    /// Position in the list.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
    /// Time of the addition.
    #[serde(default, with = "wire::timestamp")]
    pub created_at: Option<OffsetDateTime>,
    /// Time of the last change.
    #[serde(default, with = "wire::timestamp")]
    pub updated_at: Option<OffsetDateTime>,
    /// The release. Available if torrents are requested.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub release: Option<Box<Release>>,
    /// Members who created the torrent. Available if torrents are requested.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub torrent_members: Option<Vec<TorrentMember>>,
}

/// The trackers in the links of the service.
const TRACKERS: [&str; 2] = ["http://tr.libria.fun:2710/announce", "http://retracker.local/announce"];

/// The characters that are percent-encoded in a link: all that may have a special meaning.
const LINK_ENCODE_SET: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Torrent {
    /// Returns a magnet link for any torrent program, made from the hash, the name, the size and the service's
    /// trackers; `None` without a hash.
    ///
    /// [`magnet`](Self::magnet) is the link that the service sends, if it sends one. The link of this method is also available
    /// without it, and contains nothing that identifies the caller.
    ///
    /// ```
    /// use anilibria_client::model::Torrent;
    ///
    /// let mut torrent = Torrent::default();
    /// torrent.hash = Some("8a8fb94b1bd22b44a116336bab6bf209d0ac3a90".parse()?);
    ///
    /// let link = torrent.magnet_link().unwrap_or_default();
    /// assert!(link.starts_with("magnet:?xt=urn:btih:8a8fb94b1bd22b44a116336bab6bf209d0ac3a90"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn magnet_link(&self) -> Option<String> {
        let mut link = format!("magnet:?xt=urn:btih:{}", self.hash?);
        let mut add = |key, value: &str| {
            link.extend(["&", key, "="]);
            link.extend(utf8_percent_encode(value, LINK_ENCODE_SET));
        };
        if !self.label.is_empty() {
            add("dn", &self.label);
        }
        if self.size > 0 {
            add("xl", &self.size.to_string());
        }
        for tracker in TRACKERS {
            add("tr", tracker);
        }
        Some(link)
    }

    /// Returns a name for the torrent file: [`filename`](Self::filename) with the characters that are valid on every file
    /// system, or one made from the label or the hash if it is empty. Ends with `.torrent` and has at most 244 bytes.
    ///
    /// ```
    /// use anilibria_client::model::Torrent;
    ///
    /// let mut torrent = Torrent::default();
    /// torrent.filename = "../Re:Zero [1080p].TORRENT".to_owned();
    ///
    /// assert_eq!(torrent.file_name(), "Re Zero [1080p].torrent");
    /// ```
    pub fn file_name(&self) -> String {
        const EXTENSION: &str = ".torrent";
        let name = self.filename.trim_end();
        let stem_size = name.len().saturating_sub(EXTENSION.len());
        let stem = match name.split_at_checked(stem_size) {
            Some((stem, extension)) if extension.eq_ignore_ascii_case(EXTENSION) => stem,
            _ => name,
        };
        let hash = self.hash.map(|hash| hash.to_string()).unwrap_or_default();
        file_name(&[stem, &self.label, &hash, "torrent"], "", EXTENSION)
    }
}

/// A member in a role in a torrent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentMember {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// Nickname in the team.
    #[serde(deserialize_with = "wire::or_default")]
    pub nickname: String,
    /// The role.
    #[serde(with = "wire::described")]
    pub role: Option<TorrentRole>,
    /// URL of the page of the member.
    #[serde(deserialize_with = "wire::or_default")]
    pub external_url: Option<String>,
    /// Account of the member, if there is one.
    #[serde(deserialize_with = "wire::or_default")]
    pub user: Option<MemberUser>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magnet_link_holds_hash_name_size_and_trackers() {
        let torrent = Torrent {
            hash: Some(InfoHash([0xab; 20])),
            label: "★ Кот & [1-12] 100%".to_owned(),
            size: 3_221_225_472,
            ..Torrent::default()
        };

        let link = torrent.magnet_link().unwrap();

        let url = url::Url::parse(&link).unwrap();
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            pairs,
            [
                pair("xt", &format!("urn:btih:{}", "ab".repeat(20))),
                pair("dn", &torrent.label),
                pair("xl", "3221225472"),
                pair("tr", TRACKERS[0]),
                pair("tr", TRACKERS[1]),
            ]
        );
        assert!(link.is_ascii() && !link.contains([' ', '+']), "{link}");
    }

    #[test]
    fn magnet_link_leaves_out_missing_fields() {
        let torrent = Torrent { hash: Some(InfoHash([0xab; 20])), ..Torrent::default() };

        let link = torrent.magnet_link().unwrap();

        assert!(!link.contains("dn=") && !link.contains("xl="), "{link}");
        assert_eq!(Torrent::default().magnet_link(), None);
    }
}
