//! Torrents.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::EpisodeSpan;
use crate::{model::TorrentId, v3::wire};

/// What can be downloaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Torrents {
    /// From which episode to which, over all torrents.
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
    /// Its id.
    #[serde(deserialize_with = "wire::id::<_, _, u64>")]
    pub torrent_id: TorrentId,
    /// What it holds.
    #[serde(deserialize_with = "wire::object")]
    pub episodes: EpisodeSpan,
    /// In which quality.
    #[serde(deserialize_with = "wire::object")]
    pub quality: TorrentQuality,
    /// How many download it.
    #[serde(deserialize_with = "wire::integer")]
    pub leechers: u32,
    /// How many share it.
    #[serde(deserialize_with = "wire::integer")]
    pub seeders: u32,
    /// How many have downloaded it.
    #[serde(deserialize_with = "wire::integer")]
    pub downloads: u32,
    /// Size in bytes.
    #[serde(deserialize_with = "wire::integer")]
    pub total_size: u64,
    /// Size in words: `4.8 GB`.
    #[serde(deserialize_with = "wire::string")]
    pub size_string: String,
    /// Path of the file on the site.
    #[serde(deserialize_with = "wire::string")]
    pub url: String,
    /// The same as a link.
    #[serde(deserialize_with = "wire::string")]
    pub magnet: String,
    /// When it was uploaded; 0 on the wire when that is not known.
    #[serde(with = "wire::unix")]
    pub uploaded_timestamp: Option<OffsetDateTime>,
    /// Info hash, in hexadecimal digits.
    #[serde(deserialize_with = "wire::string")]
    pub hash: String,
    /// What is inside, for whoever includes it.
    #[serde(deserialize_with = "crate::model::wire::or_default")]
    pub metadata: Option<TorrentMetadata>,
    /// The file itself in base64, for whoever includes it.
    #[serde(deserialize_with = "wire::optional_string")]
    pub raw_base64_file: Option<String>,
}

/// In which quality a torrent is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentQuality {
    /// In words: `WEBRip 1080p HEVC`.
    #[serde(deserialize_with = "wire::string")]
    pub string: String,
    /// What it was made from: `WEBRip`.
    #[serde(rename = "type", deserialize_with = "wire::optional_string")]
    pub source: Option<String>,
    /// Lines of the picture: `1080p`.
    #[serde(deserialize_with = "wire::optional_string")]
    pub resolution: Option<String>,
    /// How the picture is packed: `h264`, `h265`, `av1`.
    #[serde(deserialize_with = "wire::optional_string")]
    pub encoder: Option<String>,
    /// Whether the sound is of low quality: never known by now.
    #[serde(deserialize_with = "wire::optional_flag")]
    pub lq_audio: Option<bool>,
}

/// What is inside a torrent.
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
    /// When it was made; 0 on the wire when that is not known.
    #[serde(with = "wire::unix")]
    pub created_timestamp: Option<OffsetDateTime>,
    /// Its files.
    #[serde(deserialize_with = "wire::list")]
    pub files_list: Vec<TorrentFile>,
}

/// A file of a torrent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TorrentFile {
    /// Its path.
    #[serde(deserialize_with = "wire::string")]
    pub file: String,
    /// Size in bytes.
    #[serde(deserialize_with = "wire::integer")]
    pub size: u64,
    /// Size in words.
    #[serde(deserialize_with = "wire::string")]
    pub size_string: String,
    /// Where it begins, in bytes from the beginning of all.
    #[serde(deserialize_with = "wire::integer")]
    pub offset: u64,
}
