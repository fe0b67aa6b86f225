//! Torrents.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::EpisodeSpan;
use crate::{model::TorrentId, v3::wire};

/// Torrents of a title.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Torrents {
    /// Range of the episodes of all torrents.
    #[serde(deserialize_with = "wire::object")]
    pub episodes: EpisodeSpan,
    /// The torrents.
    #[serde(deserialize_with = "wire::list")]
    pub list: Vec<Torrent>,
}

/// One torrent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Torrent {
    /// Id of the torrent.
    #[serde(deserialize_with = "wire::id::<_, _, u64>")]
    pub torrent_id: TorrentId,
    /// Range of the episodes in the torrent.
    #[serde(deserialize_with = "wire::object")]
    pub episodes: EpisodeSpan,
    /// Quality of the torrent.
    #[serde(deserialize_with = "wire::object")]
    pub quality: TorrentQuality,
    /// Number of peers that download the torrent.
    #[serde(deserialize_with = "wire::integer")]
    pub leechers: u32,
    /// Number of peers that have all data.
    #[serde(deserialize_with = "wire::integer")]
    pub seeders: u32,
    /// Number of completed downloads.
    #[serde(deserialize_with = "wire::integer")]
    pub downloads: u32,
    /// Size in bytes.
    #[serde(deserialize_with = "wire::integer")]
    pub total_size: u64,
    /// Size as text: `4.8 GB`.
    #[serde(deserialize_with = "wire::string")]
    pub size_string: String,
    /// Path of the file on the site.
    #[serde(deserialize_with = "wire::string")]
    pub url: String,
    /// Magnet link.
    #[serde(deserialize_with = "wire::string")]
    pub magnet: String,
    /// Time of the upload; 0 in JSON if unknown.
    #[serde(with = "wire::unix")]
    pub uploaded_timestamp: Option<OffsetDateTime>,
    /// Info hash, in hexadecimal digits.
    #[serde(deserialize_with = "wire::string")]
    pub hash: String,
    /// Contents of the torrent, if they were included.
    #[serde(deserialize_with = "crate::model::wire::or_default")]
    pub metadata: Option<TorrentMetadata>,
    /// The torrent file in base64, if it was included.
    #[serde(deserialize_with = "wire::optional_string")]
    pub raw_base64_file: Option<String>,
}

/// Quality of a torrent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentQuality {
    /// All facts as text: `WEBRip 1080p HEVC`.
    #[serde(deserialize_with = "wire::string")]
    pub string: String,
    /// Source of the video: `WEBRip`.
    #[serde(rename = "type", deserialize_with = "wire::optional_string")]
    pub source: Option<String>,
    /// Resolution: `1080p`.
    #[serde(deserialize_with = "wire::optional_string")]
    pub resolution: Option<String>,
    /// Video encoding: `h264`, `h265`, `av1`.
    #[serde(deserialize_with = "wire::optional_string")]
    pub encoder: Option<String>,
    /// True if the audio has a low quality. API v1 does not provide this value.
    #[serde(deserialize_with = "wire::optional_flag")]
    pub lq_audio: Option<bool>,
}

/// Contents of a torrent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentMetadata {
    /// Info hash, in hexadecimal digits.
    #[serde(deserialize_with = "wire::string")]
    pub hash: String,
    /// Name of the file or folder.
    #[serde(deserialize_with = "wire::string")]
    pub name: String,
    /// Addresses of trackers.
    #[serde(deserialize_with = "wire::strings")]
    pub announce: Vec<String>,
    /// Time of creation; 0 in JSON if unknown.
    #[serde(with = "wire::unix")]
    pub created_timestamp: Option<OffsetDateTime>,
    /// Files of the torrent.
    #[serde(deserialize_with = "wire::list")]
    pub files_list: Vec<TorrentFile>,
}

/// A file of a torrent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentFile {
    /// Path of the file.
    #[serde(deserialize_with = "wire::string")]
    pub file: String,
    /// Size in bytes.
    #[serde(deserialize_with = "wire::integer")]
    pub size: u64,
    /// Size as text.
    #[serde(deserialize_with = "wire::string")]
    pub size_string: String,
    /// Position of the file in the torrent, in bytes.
    #[serde(deserialize_with = "wire::integer")]
    pub offset: u64,
}
