//! The levels of a cache, in order.

use std::{fmt, sync::Arc, time::SystemTime};

use futures::future;

use crate::{
    cached::{Cached, Source},
    entry::Entry,
    invalidation::Invalidation,
    level::{Level, Write},
    lifetime::Lifetime,
    loaded::Loaded,
    policy::Policy,
    stats::LevelStats,
};

/// The levels of a cache, nearest first; there is always one.
pub(crate) struct Levels {
    nearest: Arc<Level>,
    further: Vec<Arc<Level>>,
}

/// An entry and the level it was found on.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) entry: Entry,
    pub(crate) level: usize,
    pub(crate) source: Source,
}

/// What the levels have under a key.
#[derive(Debug)]
pub(crate) enum Lookup {
    /// A fresh entry, from the nearest level that has one.
    Fresh(Found),
    /// No fresh entry; the newest of the others, if there is any.
    Nothing(Option<Found>),
}

impl Levels {
    pub(crate) fn new(nearest: Arc<Level>, further: Vec<Arc<Level>>) -> Self {
        Self { nearest, further }
    }

    /// The entry under `key`, fresh or stale, if the nearest level can tell without waiting.
    pub(crate) fn get_now(&self, key: &str, now: SystemTime) -> Option<Found> {
        let entry = self.nearest.get_now(key, now)?;
        Some(found(entry, 0, &self.nearest))
    }

    /// What the nearest `count` levels have under `key`, but for the first `skipped`.
    pub(crate) async fn find(&self, key: &str, now: SystemTime, skipped: usize, count: usize) -> Lookup {
        let mut newest: Option<Found> = None;
        for (index, level) in self.iter().enumerate().take(count).skip(skipped) {
            let Some(entry) = level.get(key, now).await else {
                continue;
            };
            let found = found(entry, index, level);
            if found.entry.is_fresh(now) {
                return Lookup::Fresh(found);
            }
            newest = Found::newer(newest, Some(found));
        }
        Lookup::Nothing(newest)
    }

    /// Puts what a level had into the nearer ones.
    pub(crate) async fn back_fill(&self, key: &str, found: &Found, policy: &Policy, now: SystemTime) {
        for level in self.iter().take(found.level) {
            let life = policy.back_filled(&found.entry, level.ttl(), now);
            level.set(key, found.entry.clone().with_lifetime(life), now, Write::Renews).await;
        }
    }

    /// How long the nearest level keeps what was found.
    pub(crate) fn nearest_lifetime(&self, found: &Found, policy: &Policy, now: SystemTime) -> Lifetime {
        match found.level {
            0 => found.entry.lifetime(),
            _ => policy.back_filled(&found.entry, self.nearest.ttl(), now),
        }
    }

    /// What the nearest level makes of `loaded`.
    pub(crate) fn nearest_entry(
        &self,
        loaded: &Loaded,
        policy: &Policy,
        now: SystemTime,
        luck: f64,
    ) -> Entry {
        Entry::from_loaded(loaded, policy.lifetime(loaded, self.nearest.ttl(), now, luck))
    }

    /// Puts `entry` into the nearest level.
    pub(crate) async fn set_nearest(&self, key: &str, entry: Entry, now: SystemTime, write: Write) {
        self.nearest.set(key, entry, now, write).await;
    }

    /// Puts `loaded` into the further levels that the policy names, into all at the same time: one that is slow does not
    /// keep the others waiting. `nearest` is what the nearest one has made of it.
    pub(crate) async fn set_further(
        &self,
        key: &str,
        (loaded, nearest): (&Loaded, &Entry),
        policy: &Policy,
        now: SystemTime,
        luck: f64,
        write: Write,
    ) {
        let set = self.further.iter().take(policy.levels.saturating_sub(1)).map(|level| {
            let life = policy.lifetime(loaded, level.ttl(), now, luck);
            level.set(key, nearest.clone().with_lifetime(life), now, write)
        });
        future::join_all(set).await;
    }

    /// Does it on every level, furthest first: so none is filled again from one that is still to come. Returns the
    /// largest number that a level reports, since the same key may lie on several.
    pub(crate) async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> u64 {
        self.invalidate_those(|_| true, invalidation, now).await
    }

    /// Does it on the levels that nobody else can reach; on the others somebody has done it.
    pub(crate) async fn invalidate_own(&self, invalidation: &Invalidation, now: SystemTime) {
        for level in self.iter().filter(|level| level.is_shared()) {
            level.forget_missed_writes(&invalidation.scope);
        }
        self.invalidate_those(|level| !level.is_shared(), invalidation, now).await;
    }

    /// Does it on the levels that are nearer than `level`.
    pub(crate) async fn invalidate_before(
        &self,
        level: &Level,
        invalidation: &Invalidation,
        now: SystemTime,
    ) {
        let place = self.iter().position(|this| std::ptr::eq(Arc::as_ptr(this), level)).unwrap_or_default();
        for level in self.further.iter().take(place.saturating_sub(1)).rev().chain([&self.nearest]) {
            level.invalidate(invalidation, now).await;
        }
    }

    async fn invalidate_those(
        &self,
        which: impl Fn(&Level) -> bool,
        invalidation: &Invalidation,
        now: SystemTime,
    ) -> u64 {
        let mut most = 0;
        for level in self.further.iter().rev().chain([&self.nearest]).filter(|level| which(level)) {
            most = level.invalidate(invalidation, now).await.max(most);
        }
        most
    }

    /// Whether a level that instances share is away.
    pub(crate) fn is_shared_away(&self) -> bool {
        self.iter().any(|level| level.is_shared() && level.is_away())
    }

    /// Notes that the nearest level answered a call with a fresh value.
    pub(crate) fn nearest_answered(&self) {
        self.nearest.answered(false);
    }

    /// Notes which level answered a call; `None` when none did.
    pub(crate) fn count(&self, answered: Option<usize>, stale: bool) {
        for (index, level) in self.iter().enumerate() {
            match answered {
                Some(this) if this == index => {
                    level.answered(stale);
                    return;
                }
                _ => level.had_nothing(),
            }
        }
    }

    /// The levels' statistics, given how many calls no level could answer.
    pub(crate) async fn stats(&self, unanswered: u64) -> Vec<LevelStats> {
        let mut levels = Vec::with_capacity(1 + self.further.len());
        // A call that a further level answered went past all the nearer ones.
        let mut went_past = unanswered;
        for level in self.further.iter().rev().chain([&self.nearest]) {
            let stats = level.stats(went_past).await;
            went_past += stats.hits + stats.stale;
            levels.push(stats);
        }
        levels.reverse();
        levels
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Level>> {
        [&self.nearest].into_iter().chain(&self.further)
    }
}

impl Found {
    /// The same as it is served at `now`.
    pub(crate) fn at(&self, now: SystemTime) -> Cached {
        Cached::new(self.entry.clone(), self.source, now)
    }

    /// The one that was loaded later; of equals the first.
    pub(crate) fn newer(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let loaded_at = |found: &Self| found.entry.lifetime().loaded_at;
        match (one, other) {
            (Some(one), Some(other)) if loaded_at(&other) > loaded_at(&one) => Some(other),
            (Some(one), _) => Some(one),
            (None, other) => other,
        }
    }
}

fn found(entry: Entry, level: usize, of: &Level) -> Found {
    Found { entry, level, source: Source::Level { index: level, name: of.name() } }
}

impl fmt::Debug for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
