//! Which slots of a memory store carry a tag.

use std::{
    collections::{HashMap, hash_map},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::tag::Tag;

/// The slots by tag.
///
/// A link belongs to one slot, not to its key: when an entry is replaced, the report that the old one is gone
/// may come after the new one was linked, and must not take the new link away. A link is made before its slot
/// and removed by the report that the slot is gone, never otherwise; so there are no more links than slots
/// carry tags.
#[derive(Default)]
pub(super) struct TagIndex(Mutex<Links>);

type Links = HashMap<Tag, HashMap<u64, Arc<str>>>;

impl TagIndex {
    /// Notes that the slot `id` under `key` carries `tags`.
    pub(super) fn link(&self, tags: &[Tag], id: u64, key: &Arc<str>) {
        if tags.is_empty() {
            return;
        }
        let mut links = self.lock();
        for tag in tags {
            links.entry(tag.clone()).or_default().insert(id, Arc::clone(key));
        }
    }

    /// Forgets the slot `id`, which carried `tags`.
    pub(super) fn unlink(&self, tags: &[Tag], id: u64) {
        if tags.is_empty() {
            return;
        }
        let mut links = self.lock();
        for tag in tags {
            if let hash_map::Entry::Occupied(mut slots) = links.entry(tag.clone()) {
                slots.get_mut().remove(&id);
                if slots.get().is_empty() {
                    slots.remove();
                }
            }
        }
    }

    /// The slots that carry `tag`, with their keys. Those that are about to appear are among them.
    pub(super) fn slots(&self, tag: &Tag) -> Vec<(u64, Arc<str>)> {
        let links = self.lock();
        links.get(tag).into_iter().flatten().map(|(&id, key)| (id, Arc::clone(key))).collect()
    }

    /// How many links there are.
    #[cfg(test)]
    pub(super) fn links(&self) -> usize {
        self.lock().values().map(HashMap::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Links> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
