//! Torrents as the mirrored catalogue keeps them.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::compact::{boxed, moment, seconds};
use crate::model::{
    Codec, InfoHash, Torrent, TorrentId,
    torrent::{Resolution, TorrentSource},
};

/// A torrent of the mirrored catalogue. Its counts are those of when the release was last read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TorrentEntry {
    /// Id, stable.
    pub id: TorrentId,
    /// Info hash; `None` when the service writes none that can be read.
    pub hash: Option<InfoHash>,
    /// Size in bytes.
    pub size: u64,
    /// Where the picture was taken from.
    pub source: Option<TorrentSource>,
    /// How the video is encoded.
    pub codec: Option<Codec>,
    /// The height of the picture.
    pub resolution: Option<Resolution>,
    /// Name.
    pub label: Box<str>,
    /// Which episodes it holds, as text (`1-12`).
    pub description: Option<Box<str>>,
    /// How many have all of it.
    pub seeders: u32,
    /// How many are fetching it.
    pub leechers: u32,
    /// How often it was fetched.
    pub completed_times: u32,
    sort_order: Option<i64>,
    created_at: Option<i64>,
    changed_at: Option<i64>,
}

impl TorrentEntry {
    /// Its place in the list.
    pub fn sort_order(&self) -> Option<i64> {
        self.sort_order
    }

    /// When it was added.
    pub fn created_at(&self) -> Option<OffsetDateTime> {
        moment(self.created_at)
    }

    /// When it was last changed.
    pub fn changed_at(&self) -> Option<OffsetDateTime> {
        moment(self.changed_at)
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
