//! A cache of titles as last published, for comparison with their current state.

use std::{collections::HashMap, sync::Arc};

use anilibria_client::v3::model::{Episode, Playlist, Title, Torrents};
use serde::Deserialize;
use serde_json::Value;

use super::event::{Event, Kind};

/// Maximum titles in the cache. The titles that change are mostly those that have changed recently.
const MAX_TITLES: usize = 256;

/// Maximum episodes in the cache, at one kilobyte each.
const MAX_EPISODES: usize = 20_000;

/// HostTitles as last published. The least recently used titles are evicted.
#[derive(Debug, Default)]
pub(super) struct Known {
    titles: HashMap<u32, Entry>,
    episodes: usize,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    title: Arc<Title>,
    used: u64,
}

impl Known {
    pub(super) fn get(&mut self, id: u32) -> Option<Arc<Title>> {
        self.clock += 1;
        let entry = self.titles.get_mut(&id)?;
        entry.used = self.clock;
        Some(Arc::clone(&entry.title))
    }

    pub(super) fn set(&mut self, title: Arc<Title>) {
        self.clock += 1;
        self.episodes += weight(&title);
        let entry = Entry { title, used: self.clock };
        if let Some(old) = self.titles.insert(entry.title.id.get(), entry) {
            self.episodes -= weight(&old.title);
        }
        while self.titles.len() > MAX_TITLES || self.episodes > MAX_EPISODES && self.titles.len() > 1 {
            self.forget_one();
        }
    }

    /// Applies an event to the cache.
    pub(super) fn learn(&mut self, event: &Event) {
        let data = event.data();
        match event.kind() {
            Kind::TitleUpdate => {
                if let Some(mut title) = read::<Title>(data, "title") {
                    if let Some(known) = self.get(title.id.get()) {
                        // Torrents have their own event, which may be yet to come.
                        title.torrents = known.torrents.clone();
                    }
                    self.set(Arc::new(title));
                }
            }
            Kind::PlaylistUpdate => {
                // Other changes of the player have their own events.
                if let Some(episode) = read::<Episode>(data, "updated_episode") {
                    self.change(data, |title| {
                        let others = title.player.list.as_slice().iter().cloned();
                        title.player.list = Playlist::new([episode].into_iter().chain(others));
                    });
                }
            }
            Kind::TorrentUpdate => {
                if let Some(torrents) = read::<Torrents>(data, "torrents") {
                    self.change(data, |title| title.torrents = torrents);
                }
            }
        }
    }

    /// Changes the title that `data` refers to, if it is cached.
    fn change(&mut self, data: &Value, change: impl FnOnce(&mut Title)) {
        let id = &data["id"];
        let id = id.as_u64().or_else(|| id.as_str()?.parse().ok());
        if let Some(known) = id.and_then(|id| self.get(id.try_into().ok()?)) {
            let mut title = Title::clone(&known);
            change(&mut title);
            self.set(Arc::new(title));
        }
    }

    fn forget_one(&mut self) {
        let oldest = self.titles.iter().min_by_key(|(_, entry)| entry.used).map(|(id, _)| *id);
        if let Some(entry) = oldest.and_then(|id| self.titles.remove(&id)) {
            self.episodes -= weight(&entry.title);
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(data: &Value, part: &str) -> Option<T> {
    T::deserialize(data.get(part)?).ok()
}

/// Returns the cost of a title, in episodes.
fn weight(title: &Title) -> usize {
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
    fn titles_and_their_episodes_are_bounded_and_the_longest_unused_goes_first() {
        let mut known = Known::default();
        for id in 1..=300 {
            known.set(title(id, 1));
            known.get(1);
        }
        assert_eq!(known.titles.len(), MAX_TITLES);
        assert!(known.get(1).is_some() && known.get(2).is_none());

        for id in 1..=30 {
            known.set(title(id, 1000));
        }
        assert!(known.episodes <= MAX_EPISODES);
        assert_eq!(known.titles.len(), 19);
    }

    #[test]
    fn events_are_taken_in_as_far_as_they_go() {
        let mut known = Known::default();
        let updated = |number: u32| {
            let player = json!({"list": [{"episode": 1}, {"episode": 2}, {"episode": 3}]});
            Event::new(
                Kind::PlaylistUpdate,
                json!({"id": 7, "player": player, "updated_episode": {"episode": number}}),
            )
        };
        known.learn(&updated(2));
        assert!(known.get(7).is_none());

        known.learn(&Event::new(Kind::TitleUpdate, json!({"title": &*title(7, 1)})));
        known.learn(&updated(2));
        let torrents = json!({"id": "7", "torrents": {"list": [{"torrent_id": 5}]}});
        known.learn(&Event::new(Kind::TorrentUpdate, torrents));

        let title = known.get(7).unwrap();
        assert_eq!(title.player.list.as_slice().len(), 2);
        assert_eq!(title.torrents.list.len(), 1);
    }
}
