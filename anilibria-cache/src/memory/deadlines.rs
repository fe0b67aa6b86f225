//! An index of the slots of a memory store by deadline.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// An index of slots by the time at which they expire.
///
/// The timers of the map itself would not do: the next call removes all expired entries at once, on its own thread.
///
/// As in the index of tags, a slot is added before it is inserted into the map, and removed by the report that the slot
/// is gone. The number of a slot is unique.
#[derive(Default)]
pub(super) struct Deadlines(Mutex<BTreeMap<(Instant, u64), Arc<str>>>);

impl Deadlines {
    /// Adds the slot `number` under `key`.
    pub(super) fn add(&self, deadline: Instant, number: u64, key: &Arc<str>) {
        self.lock().insert((deadline, number), Arc::clone(key));
    }

    /// Removes the slot `number`.
    pub(super) fn remove(&self, deadline: Instant, number: u64) {
        self.lock().remove(&(deadline, number));
    }

    /// Returns the numbers and keys of the first `limit` slots that have expired at `now`.
    pub(super) fn expired(&self, now: Instant, limit: usize) -> Vec<(u64, Arc<str>)> {
        let slots = self.lock();
        let expired = slots.iter().take_while(|((deadline, _), _)| *deadline <= now).take(limit);
        expired.map(|((_, number), key)| (*number, Arc::clone(key))).collect()
    }

    /// Returns the number of slots.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Instant, u64), Arc<str>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
