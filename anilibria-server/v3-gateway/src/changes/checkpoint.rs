//! Checkpoint from which the leader resumes.

use std::collections::BTreeMap;

use anilibria_cache::coordination::RecordId;
use anilibria_client::model::Torrent;
use crc32fast::Hasher;
use serde::{Deserialize, Serialize};

/// Position from which the leader resumes. It is stored as bytes, so that a new leader on any instance can resume from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// Id of the last processed event of the site, as text.
    #[serde(rename = "heard")]
    last_event: String,
    /// Ids and digests of the torrents on the first page; `None` before that page was first read.
    torrents: Option<BTreeMap<u64, u32>>,
}

/// A torrent that is not known, or differs from its known state.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChangedTorrent<'t> {
    pub(super) torrent: &'t Torrent,
    /// True if the torrent is new or has changed. Otherwise it may be an old one that has returned to the page.
    pub(super) is_certain: bool,
}

impl Checkpoint {
    /// Creates the checkpoint after the event `last_event`, without any torrents.
    pub(super) fn after(last_event: RecordId) -> Self {
        Self { last_event: last_event.to_string(), torrents: None }
    }

    /// Parses the output of [`to_bytes`](Self::to_bytes); `None` if it is malformed.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let checkpoint: Self = serde_json::from_slice(bytes).ok()?;
        checkpoint.last_event.parse::<RecordId>().is_ok().then_some(checkpoint)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Returns the id of the last processed event of the site.
    pub(super) fn last_event(&self) -> RecordId {
        self.last_event.parse().unwrap_or_default()
    }

    pub(super) fn set_last_event(&mut self, event: RecordId) {
        self.last_event = event.to_string();
    }

    /// Returns the torrents of `page` that are new or have changed, the oldest first. On the first call, there are none.
    pub(super) fn changed_torrents<'t>(&self, page: &'t [Torrent]) -> Vec<ChangedTorrent<'t>> {
        let Some(known) = &self.torrents else { return Vec::new() };
        let newest = known.last_key_value().map(|(id, _)| *id);
        let changed = |torrent: &'t Torrent| {
            let (id, digest) = (torrent.id.get(), digest(torrent));
            let old = known.get(&id);
            let is_certain = old.is_some() || newest.is_none_or(|newest| id > newest);
            (old != Some(&digest)).then_some(ChangedTorrent { torrent, is_certain })
        };
        page.iter().rev().filter_map(changed).collect()
    }

    pub(super) fn set_torrents(&mut self, page: &[Torrent]) {
        self.torrents = Some(page.iter().map(|torrent| (torrent.id.get(), digest(torrent))).collect());
    }
}

/// Returns a digest of the fields that identify the contents of a torrent. Numbers of seeders change constantly and are left
/// out.
fn digest(torrent: &Torrent) -> u32 {
    let mut digest = Hasher::new();
    digest.update(torrent.hash.map(|hash| hash.to_string()).unwrap_or_default().as_bytes());
    digest.update(&torrent.size.to_be_bytes());
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn torrent(id: u64, size: u64, seeders: u32) -> Torrent {
        serde_json::from_value(json!({"id": id, "size": size, "seeders": seeders})).unwrap()
    }

    #[test]
    fn new_and_changed_torrents_are_found() {
        let mut checkpoint = Checkpoint::after(RecordId::default());
        let first = [torrent(3, 1, 1), torrent(2, 1, 1), torrent(1, 1, 1)];
        assert!(checkpoint.changed_torrents(&first).is_empty());
        checkpoint.set_torrents(&first);
        let checkpoint = Checkpoint::parse(&checkpoint.to_bytes()).unwrap();

        let second = [torrent(5, 1, 1), torrent(2, 2, 1), torrent(0, 1, 1), torrent(3, 1, 99)];

        let changed = checkpoint.changed_torrents(&second);
        let changed: Vec<_> = changed.iter().map(|one| (one.torrent.id.get(), one.is_certain)).collect();
        assert_eq!(changed, [(0, false), (2, true), (5, true)]);
    }

    #[test]
    fn checkpoint_is_parsed_and_malformed_bytes_are_not() {
        let last_event = "1700000000000-0007".parse().unwrap();
        let checkpoint = Checkpoint::after(last_event);

        assert_eq!(Checkpoint::parse(&checkpoint.to_bytes()).unwrap().last_event(), last_event);
        for bytes in ["", "{}", r#"{"heard":"x"}"#] {
            assert_eq!(Checkpoint::parse(bytes.as_bytes()), None);
        }
    }
}
