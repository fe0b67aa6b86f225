//! Torrents.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    InfoHash, MemberUser, Release, TorrentId,
    wire::{described, or_default},
};

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
    pub id: TorrentId,
    /// Info hash.
    #[serde(default, deserialize_with = "or_default")]
    pub hash: InfoHash,
    /// Size in bytes.
    #[serde(default, deserialize_with = "or_default")]
    pub size: u64,
    /// Where the picture was taken from.
    #[serde(default, rename = "type", with = "described")]
    pub source: Option<TorrentSource>,
    /// The bits of a colour.
    #[serde(default, with = "described")]
    pub color: Option<ColorDepth>,
    /// How the video is encoded.
    #[serde(default, with = "described")]
    pub codec: Option<Codec>,
    /// The height of the picture.
    #[serde(default, rename = "quality", with = "described")]
    pub resolution: Option<Resolution>,
    /// Name.
    #[serde(default, deserialize_with = "or_default")]
    pub label: String,
    /// Name of the `.torrent` file.
    #[serde(default, deserialize_with = "or_default")]
    pub filename: String,
    /// Magnet link with trackers.
    #[serde(default)]
    pub magnet: Option<String>,
    /// Which episodes it holds, as text (`1-12`).
    #[serde(default)]
    pub description: Option<String>,
    /// Kilobits a second.
    #[serde(default)]
    pub bitrate: Option<u32>,
    /// Whether subtitles are part of the picture.
    #[serde(default, deserialize_with = "or_default")]
    pub is_hardsub: bool,
    /// How many have all of it.
    #[serde(default, deserialize_with = "or_default")]
    pub seeders: u32,
    /// How many are fetching it.
    #[serde(default, deserialize_with = "or_default")]
    pub leechers: u32,
    /// How often it was fetched.
    #[serde(default, deserialize_with = "or_default")]
    pub completed_times: u32,
    /// Its place in the list.
    #[serde(default)]
    pub sort_order: Option<i64>,
    /// When it was added.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    /// When it was last changed.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub updated_at: Option<OffsetDateTime>,
    /// The release, when torrents are asked for.
    #[serde(default)]
    pub release: Option<Box<Release>>,
    /// Who made it, when torrents are asked for.
    #[serde(default)]
    pub torrent_members: Option<Vec<TorrentMember>>,
}

/// One person's part in a torrent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentMember {
    /// Id.
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    /// The person's name in the team.
    #[serde(deserialize_with = "or_default")]
    pub nickname: String,
    /// The role.
    #[serde(with = "described")]
    pub role: Option<TorrentRole>,
    /// The person's page.
    pub external_url: Option<String>,
    /// The person's account, when there is one.
    pub user: Option<MemberUser>,
}
