//! Torrents of a v3 title.

use serde::Serialize;

use super::EpisodeSpan;

/// What can be downloaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Torrents {
    /// From which episode to which, over all torrents.
    pub episodes: EpisodeSpan,
    /// The torrents.
    pub list: Vec<Torrent>,
}

/// One torrent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Torrent {
    /// Its id.
    pub torrent_id: u64,
    /// What it holds.
    pub episodes: EpisodeSpan,
    /// In which quality.
    pub quality: TorrentQuality,
    /// How many download it.
    pub leechers: u32,
    /// How many share it.
    pub seeders: u32,
    /// How many have downloaded it.
    pub downloads: u32,
    /// Size in bytes.
    pub total_size: u64,
    /// Size in words: `4.8 GB`.
    pub size_string: String,
    /// Path of the file on the site.
    pub url: String,
    /// The same as a link.
    pub magnet: String,
    /// When it was uploaded, in Unix seconds; 0 when unknown.
    pub uploaded_timestamp: i64,
    /// Info hash, in hexadecimal digits.
    pub hash: String,
    /// What is inside, for whoever asks for it.
    pub metadata: Option<serde_json::Value>,
    /// The file itself, for whoever asks for it.
    pub raw_base64_file: Option<String>,
}

/// In which quality a torrent is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TorrentQuality {
    /// In words: `WEBRip 1080p HEVC`.
    pub string: String,
    /// What it was made from: `WEBRip`.
    #[serde(rename = "type")]
    pub source: Option<String>,
    /// Lines of the picture: `1080p`.
    pub resolution: Option<String>,
    /// How the picture is packed: `h264`, `h265`, `av1`.
    pub encoder: Option<&'static str>,
    /// Whether the sound is of low quality: never known.
    pub lq_audio: Option<bool>,
}
