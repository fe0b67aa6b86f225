//! Torrents of the local catalog.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::compact::{boxed, seconds, timestamp};
use crate::model::{
    Codec, InfoHash, Torrent, TorrentId,
    torrent::{Resolution, TorrentSource},
};

/// A torrent of the local catalog. The counts are as of the last read of the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TorrentEntry {
    /// Id, stable.
    pub id: TorrentId,
    /// Info hash; `None` if the service sends none or an invalid one.
    pub hash: Option<InfoHash>,
    /// Size in bytes.
    pub size: u64,
    /// Source of the video.
    pub source: Option<TorrentSource>,
    /// Video codec.
    pub codec: Option<Codec>,
    /// Height of the picture.
    pub resolution: Option<Resolution>,
    /// Name.
    pub label: Box<str>,
    /// Numbers of the contained episodes, as text (`1-12`).
    pub description: Option<Box<str>>,
    /// Number of peers that have all data.
    pub seeders: u32,
    /// Number of peers that download the torrent.
    pub leechers: u32,
    /// Number of completed downloads.
    pub completed_times: u32,
    sort_order: Option<i64>,
    created_at: Option<i64>,
    changed_at: Option<i64>,
}

impl TorrentEntry {
    /// Returns the position in the list.
    pub fn sort_order(&self) -> Option<i64> {
        self.sort_order
    }

    /// Returns the time of the addition.
    pub fn created_at(&self) -> Option<OffsetDateTime> {
        timestamp(self.created_at)
    }

    /// Returns the time of the last change.
    pub fn changed_at(&self) -> Option<OffsetDateTime> {
        timestamp(self.changed_at)
    }
}

impl From<&Torrent> for TorrentEntry {
    fn from(torrent: &Torrent) -> Self {
        Self {
            id: torrent.id,
            hash: torrent.hash,
            size: torrent.size,
            source: torrent.source.clone(),
            codec: torrent.codec.clone(),
            resolution: torrent.resolution.clone(),
            label: torrent.label.as_str().into(),
            description: boxed(torrent.description.as_deref()),
            seeders: torrent.seeders,
            leechers: torrent.leechers,
            completed_times: torrent.completed_times,
            sort_order: torrent.sort_order,
            created_at: seconds(torrent.created_at),
            changed_at: seconds(torrent.updated_at),
        }
    }
}
