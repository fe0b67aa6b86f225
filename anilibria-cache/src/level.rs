//! One store of a cache with its TTL, its time limit and its circuit breaker.

mod breaker;
mod meter;

use std::{
    error::Error as StdError,
    fmt,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use tokio::runtime::Handle;
use tracing::{Instrument, Span, debug_span, field};

pub(crate) use self::meter::{Failure, Operation};
use self::{breaker::Breaker, meter::Meter};
use crate::{
    entry::Entry,
    error::{Error, Result},
    events::{Event, Events},
    invalidation::{Invalidation, Scope},
    stats::LevelStats,
    store::Store,
    time_limit::within,
};

/// Factor by which the time limit of an invalidation of many keys exceeds that of a single operation.
const BULK_FACTOR: u32 = 20;

/// Time after which a change that has not ended is abandoned. Stores limit their operations themselves; this limit is
/// for stores that do not.
const ABANDON_AFTER: Duration = Duration::from_mins(10);

/// Settings of a level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LevelSettings {
    pub(crate) ttl: Duration,
    pub(crate) timeout: Duration,
    pub(crate) failures: u32,
    pub(crate) probe_every: Duration,
    pub(crate) span: &'static str,
}

/// A store as a level of a cache. A failure of the store is counted, logged and treated as a miss.
///
/// After a number of consecutive failures the circuit breaker opens and the level is unavailable: no operation is
/// attempted until a repair has closed the breaker.
pub(crate) struct Level {
    name: &'static str,
    /// Host of the server behind the store, for logs.
    host: Option<String>,
    store: Arc<dyn Store>,
    settings: LevelSettings,
    breaker: Breaker,
    meter: Meter,
    saw_corruption: AtomicBool,
    events: Arc<Events>,
}

impl Level {
    pub(crate) fn new(
        cache: &'static str,
        name: Option<&'static str>,
        store: Box<dyn Store>,
        settings: LevelSettings,
        events: Arc<Events>,
    ) -> Self {
        let name = name.unwrap_or_else(|| store.name());
        Self {
            name,
            host: store.host(),
            store: store.into(),
            settings,
            breaker: Breaker::new(settings.failures),
            meter: Meter::new(cache, name),
            saw_corruption: AtomicBool::new(false),
            events,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn ttl(&self) -> Duration {
        self.settings.ttl
    }

    pub(crate) fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    pub(crate) fn is_available(&self) -> bool {
        !self.breaker.is_open()
    }

    /// Closes the circuit breaker.
    pub(crate) fn close_breaker(&self) {
        self.breaker.close();
        tracing::info!(cache_level = self.name, host = self.host.as_deref(), "cache level available again");
        self.events.emit(|| Event::LevelAvailable { level: self.name });
    }

    /// Returns the pause between two attempts of a repair.
    pub(crate) fn probe_every(&self) -> Duration {
        self.settings.probe_every
    }

    /// Returns the entry under `key`, fresh or stale, if the level has it without waiting.
    pub(crate) fn get_now(&self, key: &str, now: SystemTime) -> Option<Entry> {
        if self.breaker.is_open() {
            return None;
        }
        let span = self.lookup_span().entered();
        let entry = self.store.get_now(key, now);
        span.record("cache.hit", entry.is_some());
        entry
    }

    /// Returns the entry under `key`, fresh or stale.
    pub(crate) async fn get(&self, key: &str, now: SystemTime) -> Option<Entry> {
        if self.breaker.is_open() {
            self.meter.skipped(Operation::Get);
            return None;
        }
        let span = self.lookup_span();
        let get = self.read(within(self.settings.timeout, self.store.get(key, now)));
        let entry = get.instrument(span.clone()).await.flatten();
        span.record("cache.hit", entry.is_some());
        if let Some(entry) = &entry {
            self.meter.bytes_read.add(entry.value().len() as u64);
        }
        entry
    }

    /// Returns the entries under `keys`, fresh or stale, in the same order.
    pub(crate) async fn get_many(&self, keys: &[&str], now: SystemTime) -> Vec<Option<Entry>> {
        let nothing = || vec![None; keys.len()];
        if self.breaker.is_open() {
            self.meter.skipped(Operation::Get);
            return nothing();
        }
        let span = self.lookup_span();
        let get = self.read(within(self.settings.timeout, self.store.get_many(keys, now)));
        let entries = get.instrument(span.clone()).await.unwrap_or_else(nothing);
        span.record("cache.hit", entries.iter().any(Option::is_some));
        let bytes: u64 = entries.iter().flatten().map(|entry| entry.value().len() as u64).sum();
        self.meter.bytes_read.add(bytes);
        entries
    }

    /// Stores `entry` under `key`. After the time limit the write counts as a failure, but is not cancelled.
    pub(crate) async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<(), Failure> {
        if self.breaker.is_open() {
            self.meter.skipped(Operation::Set);
            return Err(Failure::Unavailable);
        }
        let bytes = entry.value().len() as u64;
        self.change(Operation::Set, self.settings.timeout, self.store.set(key, entry, now)).await?;
        self.meter.bytes_written.add(bytes);
        Ok(())
    }

    /// Stores each entry under its key, as [`set`](Self::set) does.
    pub(crate) async fn set_many(
        &self,
        entries: Vec<(Arc<str>, Entry)>,
        now: SystemTime,
    ) -> Result<(), Failure> {
        if self.breaker.is_open() {
            self.meter.skipped(Operation::Set);
            return Err(Failure::Unavailable);
        }
        let bytes = entries.iter().map(|(_, entry)| entry.value().len() as u64).sum();
        self.change(Operation::Set, self.settings.timeout, self.store.set_many(entries, now)).await?;
        self.meter.bytes_written.add(bytes);
        Ok(())
    }

    /// Applies `invalidation`, and returns the number of entries that the store visited.
    pub(crate) async fn invalidate(
        &self,
        invalidation: &Invalidation,
        now: SystemTime,
    ) -> Result<u64, Failure> {
        if self.breaker.is_open() {
            self.meter.skipped(Operation::Invalidate);
            return Err(Failure::Unavailable);
        }
        self.repair(invalidation, now).await
    }

    /// Applies `invalidation` although the circuit breaker is open.
    pub(crate) async fn repair(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64, Failure> {
        let limit = self.invalidation_limit(&invalidation.scope);
        self.change(Operation::Invalidate, limit, self.store.invalidate(invalidation, now)).await
    }

    /// Returns the time that a caller waits for an invalidation of `scope`.
    pub(crate) fn invalidation_limit(&self, scope: &Scope) -> Duration {
        match scope {
            Scope::Key(_) => self.settings.timeout,
            _ => self.settings.timeout.saturating_mul(BULK_FACTOR),
        }
    }

    /// Returns the time that a caller waits for a write.
    pub(crate) fn write_limit(&self) -> Duration {
        self.settings.timeout
    }

    async fn read<T>(&self, result: impl Future<Output = Option<Result<T>>>) -> Option<T> {
        let begun = Instant::now();
        let Some(result) = result.await else {
            self.timed_out(Operation::Get);
            return None;
        };
        self.ended(Operation::Get, begun, result).ok()
    }

    /// Returns the result of `change`. A change that takes longer than `limit` counts as a failure, but is not
    /// cancelled: otherwise it would be unknown whether it takes effect later.
    async fn change<T>(
        &self,
        operation: Operation,
        limit: Duration,
        change: impl Future<Output = Result<T>>,
    ) -> Result<T, Failure> {
        let begun = Instant::now();
        let mut change = pin!(change);
        if let Some(result) = within(limit, &mut change).await {
            return self.ended(operation, begun, result);
        }
        let failure = self.timed_out(operation);
        match within(ABANDON_AFTER, change).await {
            Some(result) => result.map_err(|error| Failure::of(&error)),
            None => Err(failure),
        }
    }

    /// Counts a call that received a value from the level.
    pub(crate) fn served(&self, stale: bool) {
        self.meter.served(stale);
    }

    /// Counts a call that received no value from the level.
    pub(crate) fn missed(&self) {
        self.meter.missed();
    }

    /// Returns the statistics. `misses` is the number of calls that received no value from the level, `unapplied` the
    /// number of invalidations that the level has not applied.
    pub(crate) async fn stats(&self, misses: u64, unapplied: usize) -> LevelStats {
        let Meter {
            hits, stale, errors, timeouts, corrupt, skipped, bytes_read, bytes_written, latency, ..
        } = &self.meter;
        let is_unavailable = self.breaker.is_open();
        let store =
            if is_unavailable { None } else { within(self.settings.timeout, self.store.stats()).await };
        let (mean_latency, max_latency) = latency.mean_and_max();
        LevelStats {
            name: self.name,
            ttl: self.settings.ttl,
            hits: hits.get(),
            stale: stale.get(),
            misses,
            errors: errors.get(),
            timeouts: timeouts.get(),
            corrupt: corrupt.get(),
            skipped: skipped.get(),
            bytes_read: bytes_read.get(),
            bytes_written: bytes_written.get(),
            mean_latency,
            max_latency,
            is_unavailable,
            unapplied,
            store: store.and_then(Result::ok),
        }
    }

    /// Checks that the store answers within the time limit.
    pub(crate) async fn ping(&self) -> Result<()> {
        within(self.settings.timeout, self.store.ping()).await.ok_or_else(|| self.late())?
    }

    /// Returns the error of an operation that takes longer than its limit.
    fn late(&self) -> Error {
        Error::unavailable(self.name, "no response in time")
    }

    /// Creates the span of one lookup, exported under the [name](crate::CacheBuilder::span) of the level's settings.
    pub(crate) fn lookup_span(&self) -> Span {
        debug_span!(
            "cache_lookup",
            otel.name = self.settings.span,
            cache.level = self.name,
            cache.hit = field::Empty
        )
    }

    fn ended<T>(&self, operation: Operation, begun: Instant, result: Result<T>) -> Result<T, Failure> {
        match result {
            Ok(done) => {
                self.meter.done(operation, begun.elapsed());
                self.breaker.success();
                Ok(done)
            }
            Err(error) => Err(self.failed(operation, Failure::of(&error), &error)),
        }
    }

    fn timed_out(&self, operation: Operation) -> Failure {
        self.failed(operation, Failure::Timeout, &self.late())
    }

    fn failed(&self, operation: Operation, failure: Failure, error: &Error) -> Failure {
        self.meter.failed(operation, failure);
        self.log(operation, failure, error);
        // A damaged or rejected entry does not mean that the store fails.
        let counts = matches!(failure, Failure::Error | Failure::Timeout);
        // Without a runtime no repair could close the breaker.
        if counts && self.breaker.failure() && Handle::try_current().is_ok() && self.breaker.open() {
            let (host, error) = (self.host.as_deref(), error as &dyn StdError);
            tracing::warn!(cache_level = self.name, host, error, "cache level unavailable");
            self.events.emit(|| Event::LevelUnavailable { level: self.name });
        }
        failure
    }

    fn log(&self, operation: Operation, failure: Failure, error: &Error) {
        let error = error as &dyn StdError;
        // A corrupted level may report every read, so only the first one is logged as a warning.
        let is_news = match failure {
            Failure::Corrupt => !self.saw_corruption.swap(true, Ordering::Relaxed),
            _ => false,
        };
        if is_news {
            tracing::warn!(cache_level = self.name, error, "damaged or foreign entry, to be overwritten");
        } else {
            tracing::debug!(
                cache_level = self.name,
                operation = operation.as_str(),
                failure = failure.as_str(),
                error,
                "cache level operation failed"
            );
        }
    }
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Level")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
