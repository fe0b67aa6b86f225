//! The position from which the leader resumes.

use std::collections::BTreeMap;

use anilibria_cache::coordination::RecordId;
use anilibria_client::model::Torrent;
use crc32fast::Hasher;
use serde::{Deserialize, Serialize};

/// The position from which the leader resumes. It is stored as bytes, so that a new leader on any instance can continue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bookmark {
    /// Id of the last processed event of the site, as text.
    heard: String,
    /// Ids and digests of the torrents on the first page; `None` before that page was first read.
    torrents: Option<BTreeMap<u64, u32>>,
}

/// A torrent that is not known, or differs from its known state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting<'t> {
    pub(super) torrent: &'t Torrent,
    /// True if the torrent is new or has changed. Otherwise it may be an old one that has returned to the page.
    pub(super) is_certain: bool,
}

impl Bookmark {
    /// Creates the position after the event `heard`, without any torrents.
    pub(super) fn after(heard: RecordId) -> Self {
        Self { heard: heard.to_string(), torrents: None }
    }

    /// Parses the output of [`to_bytes`](Self::to_bytes); `None` if it is malformed.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bookmark: Self = serde_json::from_slice(bytes).ok()?;
        bookmark.heard.parse::<RecordId>().is_ok().then_some(bookmark)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Returns the id of the last processed event of the site.
    pub(super) fn heard(&self) -> RecordId {
        self.heard.parse().unwrap_or_default()
    }

    pub(super) fn hear(&mut self, event: RecordId) {
        self.heard = event.to_string();
    }

    /// Returns the torrents of `page` that are new or have changed, the oldest first. On the first call, there are none.
    pub(super) fn news<'t>(&self, page: &'t [Torrent]) -> Vec<Sighting<'t>> {
        let Some(seen) = &self.torrents else { return Vec::new() };
        let newest = seen.last_key_value().map(|(id, _)| *id);
        let sighting = |torrent: &'t Torrent| {
            let (id, digest) = (torrent.id.get(), digest(torrent));
            let known = seen.get(&id);
            let is_certain = known.is_some() || newest.is_none_or(|newest| id > newest);
            (known != Some(&digest)).then_some(Sighting { torrent, is_certain })
        };
        page.iter().rev().filter_map(sighting).collect()
    }

    pub(super) fn see(&mut self, page: &[Torrent]) {
        self.torrents = Some(page.iter().map(|torrent| (torrent.id.get(), digest(torrent))).collect());
    }
}

/// Returns a digest of the fields that make a torrent a different one. Numbers of seeders change constantly and are left
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
    fn torrent_is_news_when_it_is_new_or_another_one() {
        let mut bookmark = Bookmark::after(RecordId::default());
        let first = [torrent(3, 1, 1), torrent(2, 1, 1), torrent(1, 1, 1)];
        assert!(bookmark.news(&first).is_empty());
        bookmark.see(&first);
        let bookmark = Bookmark::read(&bookmark.to_bytes()).unwrap();

        let second = [torrent(5, 1, 1), torrent(2, 2, 1), torrent(0, 1, 1), torrent(3, 1, 99)];

        let news = bookmark.news(&second);
        let news: Vec<_> = news.iter().map(|news| (news.torrent.id.get(), news.is_certain)).collect();
        assert_eq!(news, [(0, false), (2, true), (5, true)]);
    }

    #[test]
    fn bookmark_is_read_and_what_is_foreign_is_not() {
        let heard = "1700000000000-0007".parse().unwrap();
        let bookmark = Bookmark::after(heard);

        assert_eq!(Bookmark::read(&bookmark.to_bytes()).unwrap().heard(), heard);
        for bytes in ["", "{}", r#"{"heard":"x"}"#] {
            assert_eq!(Bookmark::read(bytes.as_bytes()), None);
        }
    }
}
