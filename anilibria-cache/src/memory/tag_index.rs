//! An index of the slots of a memory store by tag.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_map, hash_map},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::tag::Tag;

/// An index of the slots that carry tags.
///
/// A link belongs to a slot and not to its key. When an entry is replaced, the removal of the old slot may be reported
/// after the new slot was linked, and must not remove the new link. A link is added before its slot is inserted, and
/// removed only by the report that its slot is gone. The index therefore never lacks a slot that carries a tag.
///
/// Expiring an entry replaces its slot by one with the same id. Both are linked for a moment, so links are counted.
#[derive(Default)]
pub(super) struct TagIndex(Mutex<Links>);

#[derive(Default)]
struct Links {
    slots: BTreeMap<u64, Linked>,
    /// Ids in order, so that a tag can be read page by page while it changes.
    ids: HashMap<Tag, BTreeSet<u64>>,
}

/// The slots with one id.
struct Linked {
    key: Arc<str>,
    count: u32,
}

impl TagIndex {
    /// Adds a slot with the id `id` under `key`, which carries `tags`.
    pub(super) fn link(&self, tags: &[Tag], id: u64, key: &Arc<str>) {
        if tags.is_empty() {
            return;
        }
        let mut links = self.lock();
        let Links { slots, ids } = &mut *links;
        match slots.entry(id) {
            btree_map::Entry::Occupied(mut slot) => slot.get_mut().count += 1,
            btree_map::Entry::Vacant(slot) => {
                slot.insert(Linked { key: Arc::clone(key), count: 1 });
                for tag in tags {
                    ids.entry(tag.clone()).or_default().insert(id);
                }
            }
        }
    }

    /// Removes a slot with the id `id`, which carried `tags`.
    pub(super) fn unlink(&self, tags: &[Tag], id: u64) {
        if tags.is_empty() {
            return;
        }
        let mut links = self.lock();
        let Links { slots, ids } = &mut *links;
        let btree_map::Entry::Occupied(mut slot) = slots.entry(id) else {
            return;
        };
        slot.get_mut().count -= 1;
        if slot.get().count > 0 {
            return;
        }
        slot.remove();
        for tag in tags {
            if let hash_map::Entry::Occupied(mut ids) = ids.entry(tag.clone()) {
                ids.get_mut().remove(&id);
                if ids.get().is_empty() {
                    ids.remove();
                }
            }
        }
    }

    /// Returns the ids and keys of the first `limit` slots that carry `tag` and have an id in `range`, in order of the
    /// ids. They include slots that are about to be inserted.
    pub(super) fn page(&self, tag: &Tag, range: Range<u64>, limit: usize) -> Vec<(u64, Arc<str>)> {
        let links = self.lock();
        let ids = links.ids.get(tag).map(|ids| ids.range(range)).into_iter().flatten().take(limit);
        ids.filter_map(|id| Some((*id, Arc::clone(&links.slots.get(id)?.key)))).collect()
    }

    /// Returns the number of links between tags and slots. A slot that is being expired counts twice.
    #[cfg(test)]
    pub(super) fn links(&self) -> usize {
        let links = self.lock();
        let count = |id: &u64| links.slots.get(id).map_or(0, |slot| slot.count as usize);
        links.ids.values().flatten().map(count).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Links> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
