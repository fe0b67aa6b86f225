//! A cache of titles as last published, for comparison with their current state.

use std::{collections::HashMap, sync::Arc};

use anilibria_client::v3::model::{Episode, Playlist, Title, Torrents};
use serde::Deserialize;
use serde_json::Value;

use super::event::{Event, EventKind};

/// Maximum titles in the cache. The titles that change are mostly those that have changed recently.
const MAX_TITLES: usize = 256;

/// Maximum episodes in the cache, at one kilobyte each.
const MAX_EPISODES: usize = 20_000;

/// Titles as last published. The least recently used titles are evicted.
#[derive(Debug, Default)]
pub(super) struct TitleCache {
    titles: HashMap<u32, Entry>,
    episodes: usize,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    title: Arc<Title>,
    last_used: u64,
}

impl TitleCache {
    pub(super) fn get(&mut self, id: u32) -> Option<Arc<Title>> {
        self.uses += 1;
        let entry = self.titles.get_mut(&id)?;
        entry.last_used = self.uses;
        Some(Arc::clone(&entry.title))
    }

    pub(super) fn set(&mut self, title: Arc<Title>) {
        self.uses += 1;
        self.episodes += cost(&title);
        let entry = Entry { title, last_used: self.uses };
        if let Some(old) = self.titles.insert(entry.title.id.get(), entry) {
            self.episodes -= cost(&old.title);
        }
        while self.titles.len() > MAX_TITLES || self.episodes > MAX_EPISODES && self.titles.len() > 1 {
            self.evict_one();
        }
    }

    /// Applies an event to the cache.
    pub(super) fn apply(&mut self, event: &Event) {
        let data = event.data();
        match event.kind() {
            EventKind::TitleUpdate => {
                if let Some(mut title) = field::<Title>(data, "title") {
                    if let Some(cached) = self.get(title.id.get()) {
                        // Torrents have their own event, which may be yet to come.
                        title.torrents = cached.torrents.clone();
                    }
                    self.set(Arc::new(title));
                }
            }
            EventKind::PlaylistUpdate => {
                // Other changes of the player have their own events.
                if let Some(episode) = field::<Episode>(data, "updated_episode") {
                    self.change(data, |title| {
                        let others = title.player.list.as_slice().iter().cloned();
                        title.player.list = Playlist::new([episode].into_iter().chain(others));
                    });
                }
            }
            EventKind::TorrentUpdate => {
                if let Some(torrents) = field::<Torrents>(data, "torrents") {
                    self.change(data, |title| title.torrents = torrents);
                }
            }
        }
    }

    /// Changes the title that `data` refers to, if it is cached.
    fn change(&mut self, data: &Value, change: impl FnOnce(&mut Title)) {
        let id = &data["id"];
        let id = id.as_u64().or_else(|| id.as_str()?.parse().ok());
        if let Some(cached) = id.and_then(|id| self.get(id.try_into().ok()?)) {
            let mut title = Title::clone(&cached);
            change(&mut title);
            self.set(Arc::new(title));
        }
    }

    fn evict_one(&mut self) {
        let oldest = self.titles.iter().min_by_key(|(_, entry)| entry.last_used).map(|(id, _)| *id);
        if let Some(entry) = oldest.and_then(|id| self.titles.remove(&id)) {
            self.episodes -= cost(&entry.title);
        }
    }
}

fn field<T: for<'de> Deserialize<'de>>(data: &Value, name: &str) -> Option<T> {
    T::deserialize(data.get(name)?).ok()
}

/// Returns the cost of a title, in episodes.
fn cost(title: &Title) -> usize {
    1 + title.player.list.as_slice().len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn title(id: u32, episodes: u32) -> Arc<Title> {
        let list: Vec<_> = (1..=episodes).map(|number| json!({"episode": number})).collect();
        Arc::new(serde_json::from_value(json!({"id": id, "player": {"list": list}})).unwrap())
    }

    #[test]
    fn cache_evicts_the_least_recently_used_titles() {
        let mut cache = TitleCache::default();
        for id in 1..=300 {
            cache.set(title(id, 1));
            cache.get(1);
        }
        assert_eq!(cache.titles.len(), MAX_TITLES);
        assert!(cache.get(1).is_some() && cache.get(2).is_none());

        for id in 1..=30 {
            cache.set(title(id, 1000));
        }
        assert!(cache.episodes <= MAX_EPISODES);
        assert_eq!(cache.titles.len(), 19);
    }

    #[test]
    fn events_update_cached_titles() {
        let mut cache = TitleCache::default();
        let updated = |number: u32| {
            let player = json!({"list": [{"episode": 1}, {"episode": 2}, {"episode": 3}]});
            Event::new(
                EventKind::PlaylistUpdate,
                json!({"id": 7, "player": player, "updated_episode": {"episode": number}}),
            )
        };
        cache.apply(&updated(2));
        assert!(cache.get(7).is_none());

        cache.apply(&Event::new(EventKind::TitleUpdate, json!({"title": &*title(7, 1)})));
        cache.apply(&updated(2));
        let torrents = json!({"id": "7", "torrents": {"list": [{"torrent_id": 5}]}});
        cache.apply(&Event::new(EventKind::TorrentUpdate, torrents));

        let title = cache.get(7).unwrap();
        assert_eq!(title.player.list.as_slice().len(), 2);
        assert_eq!(title.torrents.list.len(), 1);
    }
}
