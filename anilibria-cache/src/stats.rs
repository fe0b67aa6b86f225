//! Counts of what a cache has done, and of what it keeps.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::error::Error;

/// What a store keeps at the moment. May include entries that have expired but are not dropped yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// How many entries.
    pub entries: u64,
    /// How many bytes, with keys, tags and what keeping them costs, as far as the store knows.
    pub bytes: u64,
    /// How many entries it has dropped for want of room; `None` when it cannot tell.
    pub evictions: Option<u64>,
}

impl StoreStats {
    /// `entries` entries of `bytes` bytes in all.
    pub fn new(entries: u64, bytes: u64) -> Self {
        Self { entries, bytes, evictions: None }
    }

    /// The same with the number of entries dropped for want of room.
    pub fn evictions(self, evictions: u64) -> Self {
        Self { evictions: Some(evictions), ..self }
    }
}

/// What a cache has done since it was built. One call counts once: as a hit, as stale or as a miss.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Calls that a level answered with a fresh value.
    pub hits: u64,
    /// Calls that were answered with a stale value, for want of a new one.
    pub stale: u64,
    /// Calls that no level could answer, whatever their loader made of it.
    pub misses: u64,
    /// Loaders that were started.
    pub loads: u64,
    /// Loaders that returned an error, panicked or took too long.
    pub load_failures: u64,
    /// Of the loads, those that renewed a value before it ran out.
    pub eager_refreshes: u64,
    /// Calls that waited for what another call had started.
    pub coalesced: u64,
    /// The same by level, nearest first.
    pub levels: Vec<LevelStats>,
    /// What went over the backplane, if there is one.
    pub backplane: Option<BackplaneStats>,
}

impl CacheStats {
    /// The share of calls that a level answered with a fresh value, from 0 to 1; 0 before the first call.
    ///
    /// ```
    /// # use anilibria_cache::CacheStats;
    /// assert_eq!(CacheStats::default().hit_rate(), 0.0);
    /// ```
    pub fn hit_rate(&self) -> f64 {
        rate(self.hits, self.stale.saturating_add(self.misses))
    }
}

/// What one level has done and keeps.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LevelStats {
    /// What the level is called: the [name](crate::Store::name) of its store, unless it was given another.
    pub name: &'static str,
    /// How long a value is fresh on it, unless something else was said about that value.
    pub ttl: Duration,
    /// Calls that this level answered with a fresh value.
    pub hits: u64,
    /// Calls that this level answered with a stale value.
    pub stale: u64,
    /// Calls that got as far as this level and no answer from it.
    pub misses: u64,
    /// Operations of the store that failed.
    pub errors: u64,
    /// Operations of the store that were cut off because they took too long.
    pub timeouts: u64,
    /// Entries that could not be read, because they were damaged or foreign.
    pub corrupt: u64,
    /// Operations that were not tried because the level was away.
    pub skipped: u64,
    /// Bytes of values that were read from the store, not counting those it had at hand without waiting.
    pub bytes_read: u64,
    /// Bytes of values that were written to the store.
    pub bytes_written: u64,
    /// How long an operation that had to wait took on average.
    pub mean_latency: Duration,
    /// How long the longest took.
    pub max_latency: Duration,
    /// Whether the level is away: it failed, and is not asked until it has come back.
    pub is_away: bool,
    /// How many changes it has to be told when it comes back.
    pub missed: usize,
    /// What the store keeps; `None` when it did not answer.
    pub store: Option<StoreStats>,
}

/// Whether a level answers.
#[derive(Debug)]
#[non_exhaustive]
pub struct LevelPing {
    /// What the level is called.
    pub name: &'static str,
    /// How long it took to find out.
    pub took: Duration,
    /// Why it does not answer; `None` when it does.
    pub error: Option<Error>,
}

/// What went over the backplane of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackplaneStats {
    /// Its [name](crate::Backplane::name).
    pub name: &'static str,
    /// Invalidations that were sent.
    pub sent: u64,
    /// Invalidations that came in from other instances.
    pub received: u64,
    /// How often messages may have been missed, and all that only this instance keeps was taken for stale.
    pub resyncs: u64,
    /// Tries to send that failed.
    pub failures: u64,
    /// Invalidations that wait until they can be sent.
    pub waiting: usize,
}

impl LevelStats {
    /// The share of the calls that came to this level which it answered with a fresh value, from 0 to 1; 0 before the
    /// first.
    pub fn hit_rate(&self) -> f64 {
        rate(self.hits, self.stale.saturating_add(self.misses))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more digits than an f64 has")]
fn rate(hits: u64, misses: u64) -> f64 {
    let all = hits.saturating_add(misses);
    if all == 0 { 0.0 } else { hits as f64 / all as f64 }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn increment(&self) {
        // Nothing is ordered by these numbers; they are only ever reported.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hit_rate_is_the_share_of_answered_calls() {
        let rates = [(0, 0), (0, 5), (3, 1), (u64::MAX, 0)].map(|(hits, misses)| rate(hits, misses));

        assert_eq!(rates.map(|rate| (rate * 100.0).round().to_string()), ["0", "0", "75", "100"]);
    }
}
