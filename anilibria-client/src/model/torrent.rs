//! Torrents.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{InfoHash, MemberUser, Release, TorrentId, file_name::file_name, wire};

open_enum! {
    /// Where the picture of a torrent was taken from.
    pub enum TorrentSource {
        /// Blu-ray.
        BdRip = "BDRip",
        /// High definition.
        HdRip = "HDRip",
        /// Television.
        TvRip = "TVRip",
        /// A streaming service, recorded.
        WebRip = "WEBRip",
        /// Digital television.
        DtvRip = "DTVRip",
        /// DVD.
        DvdRip = "DVDRip",
        /// High-definition television.
        HdtvRip = "HDTVRip",
        /// A streaming service, as it is.
        WebDl = "WEB-DL",
        /// A streaming service, encoded anew.
        WebDlRip = "WEB-DLRip",
    }
}

open_enum! {
    /// How a torrent's video is encoded.
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
    /// The height of a torrent's picture.
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
    /// The bits of a colour.
    pub enum ColorDepth {
        /// Eight.
        Bit8 = "8bit",
        /// Ten.
        Bit10 = "10Bit",
    }
}

open_enum! {
    /// What a member did for a torrent.
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
    /// Info hash; `None` when the service writes none that can be read.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub hash: Option<InfoHash>,
    /// Size in bytes.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub size: u64,
    /// Where the picture was taken from.
    #[serde(default, rename = "type", with = "wire::described")]
    pub source: Option<TorrentSource>,
    /// The bits of a colour.
    #[serde(default, with = "wire::described")]
    pub color: Option<ColorDepth>,
    /// How the video is encoded.
    #[serde(default, with = "wire::described")]
    pub codec: Option<Codec>,
    /// The height of the picture.
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
    /// Which episodes it holds, as text (`1-12`).
    #[serde(default, deserialize_with = "wire::or_default")]
    pub description: Option<String>,
    /// Kilobits a second.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub bitrate: Option<u32>,
    /// Whether subtitles are part of the picture.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub is_hardsub: bool,
    /// How many have all of it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub seeders: u32,
    /// How many are fetching it.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub leechers: u32,
    /// How often it was fetched.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub completed_times: u32,
    /// Its place in the list.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
    /// When it was added.
    #[serde(default, with = "wire::moment")]
    pub created_at: Option<OffsetDateTime>,
    /// When it was last changed.
    #[serde(default, with = "wire::moment")]
    pub updated_at: Option<OffsetDateTime>,
    /// The release, when torrents are asked for.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub release: Option<Box<Release>>,
    /// Who made it, when torrents are asked for.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub torrent_members: Option<Vec<TorrentMember>>,
}

/// The trackers that the service names in its own links.
const TRACKERS: [&str; 2] = ["http://tr.libria.fun:2710/announce", "http://retracker.local/announce"];

/// What a value in a link is without: all that may mean something there.
const IN_LINK: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

impl Torrent {
    /// Returns a magnet link for any torrent program, made from the hash, the name, the size and the service's
    /// trackers; `None` without a hash.
    ///
    /// [`magnet`](Self::magnet) is the link as the service writes it, where it does. This one is there when that was
    /// left out, and holds nothing of the caller's.
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
            link.extend(utf8_percent_encode(value, IN_LINK));
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

/// One person's part in a torrent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentMember {
    /// Id.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// The person's name in the team.
    #[serde(deserialize_with = "wire::or_default")]
    pub nickname: String,
    /// The role.
    #[serde(with = "wire::described")]
    pub role: Option<TorrentRole>,
    /// The person's page.
    #[serde(deserialize_with = "wire::or_default")]
    pub external_url: Option<String>,
    /// The person's account, when there is one.
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
