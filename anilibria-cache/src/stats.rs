//! Statistics of caches, levels and stores.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::error::Error;

/// Statistics of a store. May count entries that have expired but are not removed yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// Number of entries.
    pub entries: u64,
    /// Number of bytes, including keys, tags and overhead, as far as the store knows them.
    pub bytes: u64,
    /// Number of entries that were evicted to free space; `None` if the store does not count them.
    pub evictions: Option<u64>,
}

impl StoreStats {
    /// Creates the statistics of a store with `entries` entries and `bytes` bytes in total.
    pub fn new(entries: u64, bytes: u64) -> Self {
        Self { entries, bytes, evictions: None }
    }

    /// Sets the number of evicted entries.
    pub fn evictions(self, evictions: u64) -> Self {
        Self { evictions: Some(evictions), ..self }
    }
}

/// Statistics of a cache since it was built. Each call counts once: as a hit, as stale or as a miss.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Calls that received a fresh value from a level.
    pub hits: u64,
    /// Calls that received a stale value, because no new value was available.
    pub stale: u64,
    /// Calls that found no value on any level, whether or not the loader returned one.
    pub misses: u64,
    /// Loads that were started.
    pub loads: u64,
    /// Loads that failed: the loader returned an error, panicked or took too long.
    pub load_failures: u64,
    /// Loads that were started by an eager refresh. They are included in `loads`.
    pub eager_refreshes: u64,
    /// Calls that waited for the load of another call.
    pub coalesced: u64,
    /// Statistics of the levels, nearest first.
    pub levels: Vec<LevelStats>,
    /// Statistics of the backplane, if there is one.
    pub backplane: Option<BackplaneStats>,
}

impl CacheStats {
    /// Returns the share of calls that received a fresh value from a level, from 0 to 1. Returns 0 before the first
    /// call.
    ///
    /// ```
    /// # use anilibria_cache::CacheStats;
    /// assert_eq!(CacheStats::default().hit_rate(), 0.0);
    /// ```
    pub fn hit_rate(&self) -> f64 {
        rate(self.hits, self.stale.saturating_add(self.misses))
    }
}

/// Statistics of a level.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LevelStats {
    /// Name of the level: the [name](crate::Store::name) of its store, unless the builder sets another name.
    pub name: &'static str,
    /// TTL of values on this level, unless the options or the loader set another.
    pub ttl: Duration,
    /// Calls that received a fresh value from this level.
    pub hits: u64,
    /// Calls that received a stale value from this level.
    pub stale: u64,
    /// Calls that looked up this level and did not receive a value from it.
    pub misses: u64,
    /// Operations of the store that failed with an error.
    pub errors: u64,
    /// Operations of the store that took longer than the time limit.
    pub timeouts: u64,
    /// Entries that could not be decoded, because they were damaged or written by another program.
    pub corrupt: u64,
    /// Operations that were not attempted because the level was unavailable.
    pub skipped: u64,
    /// Bytes of values that were read from the store. Lookups that the store answered without waiting are not counted.
    pub bytes_read: u64,
    /// Bytes of values that were written to the store.
    pub bytes_written: u64,
    /// Mean duration of operations. Lookups that the store answered without waiting are not counted.
    pub mean_latency: Duration,
    /// Duration of the longest operation.
    pub max_latency: Duration,
    /// True if the circuit breaker of the level is open.
    pub is_unavailable: bool,
    /// Number of invalidations that the level has not applied yet.
    pub unapplied: usize,
    /// Statistics of the store; `None` if the store did not answer.
    pub store: Option<StoreStats>,
}

/// Result of a ping of a level.
#[derive(Debug)]
#[non_exhaustive]
pub struct LevelPing {
    /// Name of the level.
    pub name: &'static str,
    /// Duration of the ping.
    pub took: Duration,
    /// Error of the ping; `None` if the level answered.
    pub error: Option<Error>,
}

/// Statistics of the backplane of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackplaneStats {
    /// [Name](crate::Backplane::name) of the backplane.
    pub name: &'static str,
    /// Invalidations that were published.
    pub sent: u64,
    /// Invalidations that were received from other instances.
    pub received: u64,
    /// Number of resyncs: messages may have been lost, so all entries on unshared levels expired.
    pub resyncs: u64,
    /// Attempts to publish that failed.
    pub failures: u64,
    /// Invalidations that wait to be published.
    pub waiting: usize,
}

impl LevelStats {
    /// Returns the share of the calls that looked up this level and received a fresh value from it, from 0 to 1.
    /// Returns 0 before the first call.
    pub fn hit_rate(&self) -> f64 {
        rate(self.hits, self.stale.saturating_add(self.misses))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more digits than an f64 has")]
fn rate(hits: u64, misses: u64) -> f64 {
    let all = hits.saturating_add(misses);
    if all == 0 { 0.0 } else { hits as f64 / all as f64 }
}

/// A counter that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn increment(&self) {
        // Relaxed, because no other memory access depends on these numbers.
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
    fn hit_rate_is_the_share_of_hits() {
        let rates = [(0, 0), (0, 5), (3, 1), (u64::MAX, 0)].map(|(hits, misses)| rate(hits, misses));

        assert_eq!(rates.map(|rate| (rate * 100.0).round().to_string()), ["0", "0", "75", "100"]);
    }
}
