//! One store of a cache with its TTL, its time limit and its health.

mod breaker;
mod doubt;
mod meter;
mod owner;
mod recovery;

use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use futures::FutureExt;
use tracing::{Instrument, Span, debug_span, field};

pub(crate) use self::owner::{Copies, Owner};
use self::{
    breaker::Breaker,
    doubt::InDoubt,
    meter::{Meter, Operation, Trouble},
};
use crate::{
    clock::Clock,
    entry::Entry,
    error::{Error, Result},
    invalidation::{Invalidation, Scope},
    missed::{Limits, Missed},
    patience::within,
    stats::LevelStats,
    store::Store,
};

/// So many times longer may an operation take that is about more than one key.
const BULK_PATIENCE: u32 = 20;

/// What is set about a level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LevelSettings {
    pub(crate) ttl: Duration,
    pub(crate) timeout: Duration,
    pub(crate) failures: u32,
    pub(crate) probe_every: Duration,
}

/// A store as part of a cache. Its failures end here: they are counted, logged and read as absence.
///
/// After some failures in a row, or one invalidation that did not get through, the level is away: nothing is asked of it
/// and nothing is read from it until its [`recovery`] has told it what it missed.
pub(crate) struct Level {
    name: &'static str,
    store: Arc<dyn Store>,
    settings: LevelSettings,
    breaker: Breaker,
    missed: Missed,
    in_doubt: InDoubt,
    meter: Meter,
    saw_corruption: AtomicBool,
    owner: Owner,
    clock: Arc<dyn Clock>,
    me: Weak<Self>,
}

/// Whether what lay under a key may be read again if the write does not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// It may: the new value was loaded because the old one had run out.
    Renews,
    /// It may not: the caller said what the value is now.
    Replaces,
}

impl Level {
    pub(crate) fn new(
        name: Option<&'static str>,
        store: Box<dyn Store>,
        settings: LevelSettings,
        limits: Limits,
        owner: Owner,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        let name = name.unwrap_or_else(|| store.name());
        Arc::new_cyclic(|me| Self {
            name,
            store: store.into(),
            settings,
            breaker: Breaker::new(settings.failures),
            missed: Missed::new(limits),
            in_doubt: InDoubt::default(),
            meter: Meter::new(name),
            saw_corruption: AtomicBool::new(false),
            owner,
            clock,
            me: me.clone(),
        })
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

    pub(crate) fn is_away(&self) -> bool {
        self.breaker.is_open()
    }

    /// The entry under `key`, fresh or stale, if the level can tell without waiting.
    pub(crate) fn get_now(&self, key: &str, now: SystemTime) -> Option<Entry> {
        if self.breaker.is_open() {
            return None;
        }
        let span = self.lookup_span().entered();
        let entry = self.store.get_now(key, now);
        span.record("cache.hit", entry.is_some());
        entry
    }

    /// The entry under `key`, fresh or stale.
    pub(crate) async fn get(&self, key: &str, now: SystemTime) -> Option<Entry> {
        if self.breaker.is_open() {
            self.meter.skipped(Operation::Get);
            return None;
        }
        let span = self.lookup_span();
        let entry = self.read(key, now).instrument(span.clone()).await.ok().flatten();
        span.record("cache.hit", entry.is_some());
        if let Some(entry) = &entry {
            self.meter.bytes_read.add(entry.value().len() as u64);
        }
        entry
    }

    pub(crate) async fn set(&self, key: &str, entry: Entry, now: SystemTime, write: Write) {
        if self.put_off(Operation::Set, |queue| {
            if write == Write::Replaces {
                queue.invalidate(Invalidation::remove(Scope::key(key)));
            }
            queue.write(key, entry.clone());
        }) {
            return;
        }
        let bytes = entry.value().len() as u64;
        match self.write(key, entry.clone(), now).await {
            Ok(()) => self.meter.bytes_written.add(bytes),
            // It is there with the old value, which must not show.
            Err(Trouble::Rejected) => {
                self.invalidate(&Invalidation::remove(Scope::key(key)), now).await;
            }
            Err(_) => self.missed(|queue| {
                // It may take effect late all the same, when somebody else has already changed what it is about.
                queue.invalidate(match write {
                    Write::Replaces => Invalidation::remove(Scope::key(key)),
                    Write::Renews => Invalidation::expire(Scope::key(key)),
                });
                queue.write(key, entry);
            }),
        }
    }

    async fn read(&self, key: &str, now: SystemTime) -> Result<Option<Entry>, Trouble> {
        self.attempt(Operation::Get, within(self.settings.timeout, self.store.get(key, now))).await
    }

    async fn write(&self, key: &str, entry: Entry, now: SystemTime) -> Result<(), Trouble> {
        let (store, key) = (Arc::clone(&self.store), key.to_owned());
        let set = async move { store.set(&key, entry, now).await };
        self.attempt(Operation::Set, self.in_doubt.within(self.settings.timeout, set.boxed())).await
    }

    /// Returns how many entries it was about; what is put off counts none.
    pub(crate) async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> u64 {
        if self.put_off(Operation::Invalidate, |queue| queue.invalidate(invalidation.clone())) {
            return 0;
        }
        let count = self.invalidate_now(invalidation, now).await;
        if count.is_err() {
            self.missed(|queue| queue.invalidate(invalidation.clone()));
        }
        count.unwrap_or_default()
    }

    async fn invalidate_now(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64, Trouble> {
        let limit = match invalidation.scope {
            Scope::Key(_) => self.settings.timeout,
            _ => self.settings.timeout.saturating_mul(BULK_PATIENCE),
        };
        let (store, invalidation) = (Arc::clone(&self.store), invalidation.clone());
        let change = async move { store.invalidate(&invalidation, now).await };
        self.attempt(Operation::Invalidate, self.in_doubt.within(limit, change.boxed())).await
    }

    /// Notes that the level answered a call.
    pub(crate) fn answered(&self, stale: bool) {
        self.meter.answered(stale);
    }

    /// Notes that the level had no answer to a call.
    pub(crate) fn had_nothing(&self) {
        self.meter.had_nothing();
    }

    /// The statistics, given how many calls went past the level.
    pub(crate) async fn stats(&self, misses: u64) -> LevelStats {
        let Meter {
            hits, stale, errors, timeouts, corrupt, skipped, bytes_read, bytes_written, latency, ..
        } = &self.meter;
        let is_away = self.breaker.is_open();
        let store = if is_away { None } else { within(self.settings.timeout, self.store.stats()).await };
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
            is_away,
            missed: self.missed.len(),
            store: store.and_then(Result::ok),
        }
    }

    /// Whether the store answers now.
    pub(crate) async fn ping(&self) -> Result<()> {
        let slow = || Error::unavailable(self.name, "it did not answer in time");
        within(self.settings.timeout, self.store.ping()).await.ok_or_else(slow)?
    }

    /// The span of one lookup. Exporters that follow OpenTelemetry's conventions call it after the level.
    pub(crate) fn lookup_span(&self) -> Span {
        let name = match self.name {
            "memory" => "cache_lookup",
            "redis" => "redis_lookup",
            "database" => "database_lookup",
            _ => "level_lookup",
        };
        debug_span!("cache_lookup", otel.name = name, cache.level = self.name, cache.hit = field::Empty)
    }

    /// What `operation` gave in time, counted.
    async fn attempt<T>(
        &self,
        operation: Operation,
        attempt: impl Future<Output = Option<Result<T>>>,
    ) -> Result<T, Trouble> {
        let begun = Instant::now();
        let error = match attempt.await {
            Some(Ok(done)) => {
                self.meter.done(operation, begun.elapsed());
                self.breaker.success();
                return Ok(done);
            }
            Some(Err(error)) => Some(error),
            None => None,
        };

        let trouble = match &error {
            None => Trouble::Timeout,
            Some(Error::Corrupt { .. }) => Trouble::Corrupt,
            Some(Error::Rejected { .. }) => Trouble::Rejected,
            Some(_) => Trouble::Error,
        };
        self.meter.failed(operation, trouble);
        self.log(operation, trouble, error.as_ref());
        // What a store finds or refuses is no sign that it is ill.
        if matches!(trouble, Trouble::Error | Trouble::Timeout) && self.breaker.failure() {
            self.go_away();
        }
        Err(trouble)
    }

    fn log(&self, operation: Operation, trouble: Trouble, error: Option<&Error>) {
        let error = error.map(|error| error as &(dyn std::error::Error + 'static));
        // Once a level is corrupted, each read may be; one line says it.
        let is_news = match trouble {
            Trouble::Corrupt => !self.saw_corruption.swap(true, Ordering::Relaxed),
            _ => false,
        };
        if is_news {
            tracing::warn!(
                level = self.name,
                error,
                "cache level holds what is not an entry; it will be overwritten"
            );
        } else {
            tracing::debug!(level = self.name, ?operation, ?trouble, error, "cache level failed");
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
