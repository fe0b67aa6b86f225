//! What a level missed while it was away, to be made good when it returns.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    entry::Entry,
    invalidation::{Action, Invalidation, Scope},
};

/// How much is remembered for a level that is away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// So many invalidations; with more it is as if all had been invalidated. And so many writes; further ones are not
    /// made good.
    pub(crate) entries: usize,
    /// The writes hold so many bytes.
    pub(crate) bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1024, bytes: 16 << 20 }
    }
}

/// Invalidations and writes that a level has to be told of, in that order.
///
/// An invalidation may not be lost. A write may: what it would have replaced is old, but no older than its lifetime
/// allows; a write of what must replace the old value comes with an invalidation of its key.
#[derive(Debug)]
pub(crate) struct Missed {
    limits: Limits,
    queue: Mutex<Batch>,
}

/// What [`Missed`] remembers, taken out to be made good.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) invalidations: VecDeque<Invalidation>,
    pub(crate) writes: HashMap<Arc<str>, Entry>,
    bytes: usize,
}

impl Missed {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, queue: Mutex::default() }
    }

    /// Exclusive access; what is decided on the strength of the queue has to be done under it.
    pub(crate) fn lock(&self) -> Queue<'_> {
        Queue { limits: self.limits, batch: self.queue.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// How much there is to be made good.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }
}

/// [`Missed`], locked.
pub(crate) struct Queue<'a> {
    limits: Limits,
    batch: MutexGuard<'a, Batch>,
}

impl Queue<'_> {
    pub(crate) fn invalidate(&mut self, invalidation: Invalidation) {
        self.batch.forget_writes(&invalidation.scope);
        let Batch { invalidations, .. } = &mut *self.batch;
        if let Some(same) = invalidations.iter_mut().find(|missed| missed.scope == invalidation.scope) {
            if invalidation.action == Action::Remove {
                same.action = Action::Remove;
            }
            return;
        }
        invalidations.push_back(invalidation);
        if invalidations.len() > self.limits.entries.max(1) {
            // What covers the most covers them all; a removal among them stays one.
            let removes = invalidations.iter().any(|missed| missed.action == Action::Remove);
            let action = if removes { Action::Remove } else { Action::Expire };
            invalidations.clear();
            invalidations.push_back(Invalidation { scope: Scope::All, action });
        }
    }

    pub(crate) fn write(&mut self, key: &str, entry: Entry) {
        self.batch.forget_write(key);
        let size = size(key, &entry);
        if self.batch.writes.len() >= self.limits.entries || self.batch.bytes + size > self.limits.bytes {
            return;
        }
        self.batch.bytes += size;
        self.batch.writes.insert(key.into(), entry);
    }

    /// What `scope` is about is not to be written any more.
    pub(crate) fn forget_writes(&mut self, scope: &Scope) {
        self.batch.forget_writes(scope);
    }

    /// All that is to be made good.
    pub(crate) fn take(&mut self) -> Batch {
        std::mem::take(&mut *self.batch)
    }

    /// Puts back what could not be made good, before what has been added meanwhile.
    pub(crate) fn put_back(&mut self, batch: Batch) {
        let since = self.take();
        *self.batch = batch;
        for invalidation in since.invalidations {
            self.invalidate(invalidation);
        }
        for (key, entry) in since.writes {
            self.write(&key, entry);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.batch.invalidations.len() + self.batch.writes.len()
    }
}

impl Batch {
    fn forget_writes(&mut self, scope: &Scope) {
        if let Scope::Key(key) = scope {
            self.forget_write(key);
            return;
        }
        let Self { writes, bytes, .. } = self;
        writes.retain(|key, entry| {
            let stays = !scope.covers(key, entry.tags());
            if !stays {
                *bytes -= size(key, entry);
            }
            stays
        });
    }

    /// The write of `key` was made good, or is not to be.
    pub(crate) fn forget_write(&mut self, key: &str) {
        if let Some(entry) = self.writes.remove(key) {
            self.bytes -= size(key, &entry);
        }
    }
}

fn size(key: &str, entry: &Entry) -> usize {
    key.len() + entry.value().len()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::lifetime::Lifetime;

    fn entry(bytes: usize, tags: &[&str]) -> Entry {
        let life = Lifetime::new(SystemTime::now(), Duration::from_mins(1));
        Entry::new(vec![0; bytes], life, tags.iter().map(|&tag| tag.into()))
    }

    fn missed(entries: usize, bytes: usize) -> Missed {
        Missed::new(Limits { entries, bytes })
    }

    #[test]
    fn an_invalidation_takes_the_writes_before_it_along_and_leaves_those_after_it() {
        let missed = missed(10, 1_000);
        let mut queue = missed.lock();

        queue.write("old", entry(1, &["a"]));
        queue.write("other", entry(1, &["b"]));
        queue.invalidate(Invalidation::remove(Scope::tag("a")));
        queue.write("new", entry(1, &["a"]));

        let mut keys: Vec<_> = queue.take().writes.into_keys().collect();
        keys.sort_unstable();
        assert_eq!(keys, ["new", "other"].map(Arc::from));
    }

    #[test]
    fn too_many_invalidations_become_one_of_everything() {
        let missed = missed(2, 1_000);
        let mut queue = missed.lock();

        for key in ["one", "two", "two", "three"] {
            queue.invalidate(Invalidation::expire(Scope::key(key)));
        }

        assert_eq!(queue.take().invalidations, [Invalidation::expire(Scope::All)]);
    }

    #[test]
    fn writes_stay_within_both_limits() {
        let missed = missed(2, 100);
        let mut queue = missed.lock();

        queue.write("huge", entry(200, &[]));
        queue.write("a", entry(90, &[]));
        queue.write("b", entry(90, &[]));
        queue.write("a", entry(10, &[]));
        queue.write("b", entry(10, &[]));
        queue.write("c", entry(10, &[]));

        assert_eq!(queue.len(), 2);
        assert_eq!(queue.batch.bytes, 22);
    }

    #[test]
    fn what_is_put_back_comes_before_what_was_missed_since() {
        let missed = missed(10, 1_000);
        let mut queue = missed.lock();
        queue.invalidate(Invalidation::remove(Scope::key("first")));
        queue.write("key", entry(1, &[]));
        let batch = queue.take();

        queue.invalidate(Invalidation::remove(Scope::key("key")));
        queue.put_back(batch);

        let batch = queue.take();
        assert_eq!(batch.invalidations, ["first", "key"].map(|key| Invalidation::remove(Scope::key(key))));
        assert!(batch.writes.is_empty() && batch.bytes == 0);
    }
}
