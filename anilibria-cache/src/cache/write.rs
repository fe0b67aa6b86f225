//! Writes of values to the levels. A write is revoked if its value is invalidated meanwhile.

use std::{pin::pin, sync::Arc, time::SystemTime};

use futures::{StreamExt, future, stream};

use super::Inner;
use crate::{
    entry::Entry,
    invalidation::{Action, Invalidation, Scope},
    level::{Failure, Level},
    levels::{FoundEntry, Levels},
    new_value::NewValue,
    policy::Policy,
    time_limit::within,
    writes::WritePermit,
};

/// Maximum number of keys that are revoked concurrently.
const MAX_CONCURRENT_REVOKES: usize = 16;

/// A value to be written.
pub(super) struct Write {
    pub(super) key: Arc<str>,
    /// All invalidations up to this number are reflected in the value.
    pub(super) as_of: u64,
    /// Entry for the nearest level.
    pub(super) nearest: Entry,
    /// Entries for further levels, by index.
    pub(super) further: Vec<(usize, Entry)>,
    /// Number of the invalidation that the write completes, if the write replaces the value of the key.
    pub(super) replaces: Option<u64>,
}

impl Write {
    /// Creates a write of `loaded` to the levels that `policy` selects.
    pub(super) fn new(
        levels: &Levels,
        key: &Arc<str>,
        loaded: &NewValue,
        as_of: u64,
        policy: &Policy,
        now: SystemTime,
    ) -> Self {
        let random = fastrand::f64();
        let nearest =
            Entry::from_loaded(loaded, policy.lifetime(loaded, levels.nearest().ttl(), now, random));
        let further = levels.iter().take(policy.levels).skip(1).map(|(index, level)| {
            let life = policy.lifetime(loaded, level.ttl(), now, random);
            (index, nearest.clone().with_lifetime(life))
        });
        let further = further.collect();
        Self { key: Arc::clone(key), as_of, nearest, further, replaces: None }
    }

    fn entry_for(&self, index: usize) -> Option<Entry> {
        self.further.iter().find(|(of, _)| *of == index).map(|(_, entry)| entry.clone())
    }

    /// Creates a write of `entry` to the nearest level only.
    pub(super) fn to_nearest(key: &Arc<str>, entry: Entry, as_of: u64) -> Self {
        Self { key: Arc::clone(key), as_of, nearest: entry, further: Vec::new(), replaces: None }
    }
}

impl Inner {
    /// Writes a value, unless an invalidation covers it. Calls `is_readable` as soon as it is on the nearest level, or will
    /// not be, or if a previous write of the key takes longer than the time limit.
    pub(super) async fn write(self: &Arc<Self>, write: Write, is_readable: impl FnOnce() + Send) {
        let mut is_readable = Some(is_readable);
        let permit = {
            let mut permit = pin!(self.writes.begin(&write.key, write.nearest.tags()));
            if let Some(permit) = within(self.write_limit(), &mut permit).await {
                permit
            } else {
                is_readable.take().into_iter().for_each(|it| it());
                permit.await
            }
        };
        self.write_permitted(&[(write, permit)], |_| is_readable.take().into_iter().for_each(|it| it()))
            .await;
    }

    /// Writes several values, as [`write`](Self::write) does, with one call for each level. Calls `is_readable` with the
    /// index of each.
    pub(super) async fn write_many(
        self: &Arc<Self>,
        writes: Vec<Write>,
        is_readable: impl FnMut(usize) + Send,
    ) {
        let mut permits: Vec<_> = writes.iter().map(|_| None).collect();
        // In the order of the keys, so that two calls with the same keys cannot wait for each other.
        let mut order: Vec<_> = writes.iter().enumerate().collect();
        order.sort_unstable_by(|(_, one), (_, other)| one.key.cmp(&other.key));
        for (at, write) in order {
            permits[at] = Some(self.writes.begin(&write.key, write.nearest.tags()).await);
        }
        let writes: Vec<_> = writes.into_iter().zip(permits.into_iter().flatten()).collect();
        self.write_permitted(&writes, is_readable).await;
    }

    /// Writes values whose permits the caller holds.
    pub(super) async fn write_permitted(
        self: &Arc<Self>,
        writes: &[(Write, WritePermit)],
        mut is_readable: impl FnMut(usize) + Send,
    ) {
        let covered = |write: &Write| self.log.covered(write.as_of, &write.key, write.nearest.tags());
        let (accepted, refused): (Vec<_>, Vec<_>) = writes
            .iter()
            .map(|(write, _)| write)
            .enumerate()
            .partition(|(_, write)| covered(write).is_none());
        for (at, write) in refused {
            is_readable(at);
            // The invalidation that covers the value is applied to all levels in place of the write.
            if let Some(number) = write.replaces {
                for index in 0..self.levels.count() {
                    self.log.applied(index, number);
                }
            }
        }

        let nearest = accepted.iter().map(|(_, write)| (*write, write.nearest.clone())).collect();
        let to_nearest = self.set_on(0, nearest).await;
        for (at, _) in &accepted {
            is_readable(*at);
        }
        let to_further = future::join_all((1..self.levels.count()).map(|index| {
            let entries = accepted.iter().filter_map(|(_, write)| Some((*write, write.entry_for(index)?)));
            self.set_on(index, entries.collect())
        }))
        .await;

        let results: Vec<_> = [to_nearest].into_iter().chain(to_further).flatten().collect();
        if self.publisher.is_some() {
            for (write, index, result) in &results {
                // The value of a `set` is newer than what another instance reports later.
                if result.is_ok() && write.replaces.is_none() && self.is_shared(*index) {
                    // Before the check: an invalidation that is received from now on finds it here.
                    self.writes.remember(&write.key, write.nearest.tags(), self.may_be_disconnected());
                }
            }
        }
        for (_, write) in accepted {
            if let Some(action) = covered(write) {
                self.invalidate_key(&write.key, action).await;
            }
        }
        for (write, index, result) in results {
            self.written(&write.key, index, result, write.replaces).await;
        }
        self.ensure_repairs();
    }

    /// Stores entries on one level.
    async fn set_on<'a>(
        &self,
        index: usize,
        entries: Vec<(&'a Write, Entry)>,
    ) -> Vec<(&'a Write, usize, Result<(), Failure>)> {
        let Some(level) = self.levels.get(index) else { return Vec::new() };
        let now = self.now();
        if entries.len() > 1 {
            let batch =
                entries.iter().map(|(write, entry)| (Arc::clone(&write.key), entry.clone())).collect();
            match level.set_many(batch, now).await {
                // A rejected entry must not prevent the others from being stored.
                Err(Failure::Rejected) => {}
                result => return entries.into_iter().map(|(write, _)| (write, index, result)).collect(),
            }
        }
        future::join_all(
            entries
                .into_iter()
                .map(async |(write, entry)| (write, index, level.set(&write.key, entry, now).await)),
        )
        .await
    }

    /// Reports the result of a write to one level to the log. If the level may keep an older value, that is invalidated.
    async fn written(
        &self,
        key: &Arc<str>,
        index: usize,
        result: Result<(), Failure>,
        replaces: Option<u64>,
    ) {
        let failure = match (result, replaces) {
            (Ok(()), Some(number)) => return self.log.applied(index, number),
            (Ok(()), None) => return,
            (Err(failure), _) => failure,
        };
        let number = match (failure, replaces) {
            (_, Some(number)) => number,
            // The level keeps the previous value, which had expired.
            (Failure::Unavailable, None) => return,
            _ => self.log.append(&Invalidation::expire(Scope::Key(Arc::clone(key))), [index]),
        };
        if failure == Failure::Rejected
            && let Some(level) = self.levels.get(index)
            && level.invalidate(&Invalidation::remove(Scope::Key(Arc::clone(key))), self.now()).await.is_ok()
        {
            self.log.applied(index, number);
        } else {
            self.log.failed(index, number);
        }
    }

    /// Copies values of further levels to the nearer ones. Returns after the nearest level, if that does not have to wait.
    /// The other levels are written in the background.
    pub(super) async fn back_fill(self: &Arc<Self>, found: &[(&Arc<str>, &FoundEntry)], policy: &Policy) {
        let now = self.now();
        let writes: Vec<_> = found.iter().filter_map(|(key, hit)| self.copy(key, hit, policy, now)).collect();
        if !writes.is_empty() {
            let cache = Arc::clone(self);
            self.background.detach(async move { cache.write_many(writes, |_| ()).await }).await;
        }
    }

    /// Creates a write of `hit` to the levels nearer than its own. `None` if it would be fresh on none of them.
    fn copy(&self, key: &Arc<str>, hit: &FoundEntry, policy: &Policy, now: SystemTime) -> Option<Write> {
        let nearer = self.levels.iter().take(hit.level()?);
        let mut entries = nearer.map(|(index, level)| (index, hit.entry_for(level, policy, now)));
        let (_, nearest) = entries.next()?;
        let further: Vec<_> = entries.collect();
        let is_useful = nearest.is_fresh(now) || further.iter().any(|(_, entry)| entry.is_fresh(now));
        is_useful.then(|| Write { key: Arc::clone(key), as_of: hit.as_of, nearest, further, replaces: None })
    }

    /// Revokes values on shared levels that may have been written after another instance invalidated them there.
    pub(super) async fn revoke(self: Arc<Self>, keys: Vec<Arc<str>>, action: Action) {
        let cache = &self;
        stream::iter(keys)
            .for_each_concurrent(MAX_CONCURRENT_REVOKES, async |key| {
                let _permit = cache.writes.begin(&key, &[]).await;
                cache.invalidate_key(&key, action).await;
            })
            .await;
    }

    fn is_shared(&self, index: usize) -> bool {
        self.levels.get(index).is_some_and(Level::is_shared)
    }

    /// Returns true if messages of other instances may not arrive, judging by the publications of this instance.
    fn may_be_disconnected(&self) -> bool {
        self.log.waiting(self.publishing()) > 0
            || self.levels.iter().any(|(_, level)| level.is_shared() && !level.is_available())
    }
}
