//! State that the clones of a cache share.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use futures::future;
use tokio::sync::Semaphore;

use super::{background::Background, publisher::Publisher};
use crate::{
    cached::{Cached, Origin},
    clock::Clock,
    error::LoadError,
    events::{Event, Events},
    invalidation_log::InvalidationLog,
    levels::Levels,
    lock::LoadLock,
    options::Options,
    policy::Policy,
    single_flight::SingleFlight,
    stats::{BackplaneStats, CacheStats, Counter, LevelPing},
    writes::Writes,
};

/// Parts of a cache, from its builder.
pub(crate) struct Parts {
    pub(crate) levels: Levels,
    pub(crate) policy: Policy,
    pub(crate) publisher: Option<Publisher>,
    pub(crate) lock: Option<(Box<dyn LoadLock>, Duration)>,
    pub(crate) max_loads: usize,
    pub(crate) log_capacity: usize,
    pub(crate) events: Arc<Events>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// State that the clones of a cache share.
pub(crate) struct Inner {
    pub(super) levels: Levels,
    policy: Policy,
    pub(super) log: Arc<InvalidationLog>,
    pub(super) flights: Arc<SingleFlight>,
    pub(super) writes: Writes,
    pub(super) publisher: Option<Publisher>,
    pub(super) lock: Option<(Box<dyn LoadLock>, Duration)>,
    /// Permits to run a loader.
    pub(super) loading: Semaphore,
    /// Permits to apply invalidations of other instances directly.
    pub(super) applying: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    pub(super) events: Arc<Events>,
    pub(super) counters: Counters,
    pub(super) background: Background,
}

/// Counters of a cache as a whole.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) misses: Counter,
    pub(super) loads: Counter,
    pub(super) load_failures: Counter,
    pub(super) eager_refreshes: Counter,
    pub(super) coalesced: Counter,
    pub(super) received: Counter,
    pub(super) resyncs: Counter,
}

/// Maximum number of invalidations of other instances that are applied to a slow level at the same time. A repair
/// applies the others one after the other.
const MAX_APPLYING: usize = 64;

impl Inner {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { levels, policy, publisher, lock, max_loads, log_capacity, events, clock } = parts;
        // One consumer for each level, then the publisher.
        let consumers = levels.count() + 1;
        let log = Arc::new(InvalidationLog::new(log_capacity, consumers));
        Self {
            levels,
            policy,
            flights: Arc::new(SingleFlight::new(Arc::clone(&log))),
            log,
            writes: Writes::default(),
            publisher,
            lock,
            loading: Semaphore::new(max_loads.clamp(1, Semaphore::MAX_PERMITS)),
            applying: Arc::new(Semaphore::new(MAX_APPLYING)),
            clock,
            events,
            counters: Counters::default(),
            // A repair for each consumer, then the listener.
            background: Background::new(consumers + 1),
        }
    }

    /// Ends all background work.
    pub(super) fn close(&self) {
        self.background.close();
    }

    /// Waits until the background work has ended.
    pub(super) async fn ended(&self) {
        self.background.ended().await;
    }

    pub(super) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// The options of a call, completed by those of the cache.
    pub(super) fn policy(&self, options: &Options) -> Policy {
        self.policy.with(options)
    }

    /// Starts the background tasks that have work, if there is a runtime.
    ///
    /// Called before anything is stored and after anything has failed. Not called when the cache is built: there may be no
    /// runtime yet, and the one in which it was first used may end before the cache does.
    pub(super) fn ensure_background(self: &Arc<Self>) {
        self.ensure_listener();
        self.ensure_repairs();
    }

    /// Counts a call that the nearest level did not answer without waiting.
    pub(super) fn count_call<E>(&self, key: &str, outcome: &Result<Cached, LoadError<E>>) {
        self.events.emit(|| match outcome {
            Ok(cached) if cached.is_stale() => Event::StaleServed { key: key.into() },
            Ok(cached) if let Origin::Level { name, .. } = cached.origin() => {
                Event::Hit { key: key.into(), level: name }
            }
            _ => Event::Miss { key: key.into() },
        });
        match outcome {
            Ok(cached) if let Origin::Level { index, .. } = cached.origin() => {
                self.levels.count_call(Some(index), cached.is_stale());
            }
            _ => {
                self.counters.misses.increment();
                self.levels.count_call(None, false);
            }
        }
    }

    pub(super) async fn ping(&self) -> Vec<LevelPing> {
        let pings = self.levels.iter().map(|(_, level)| async {
            let begun = Instant::now();
            let error = level.ping().await.err();
            LevelPing { name: level.name(), took: begun.elapsed(), error }
        });
        future::join_all(pings).await
    }

    pub(super) async fn stats(&self) -> CacheStats {
        let Counters { misses, loads, load_failures, eager_refreshes, coalesced, received, resyncs } =
            &self.counters;
        let misses = misses.get();
        let levels = self.levels.stats(misses, &self.log).await;
        let backplane = self.publisher.as_ref().map(|publisher| BackplaneStats {
            name: publisher.backplane().name(),
            sent: publisher.sent.get(),
            received: received.get(),
            resyncs: resyncs.get(),
            failures: publisher.failures.get(),
            waiting: self.log.waiting(self.publishing()),
        });
        CacheStats {
            hits: levels.iter().map(|level| level.hits).sum(),
            stale: levels.iter().map(|level| level.stale).sum(),
            misses,
            loads: loads.get(),
            load_failures: load_failures.get(),
            eager_refreshes: eager_refreshes.get(),
            coalesced: coalesced.get(),
            levels,
            backplane,
        }
    }

    /// The consumer of the log that publishes invalidations.
    pub(super) fn publishing(&self) -> usize {
        self.levels.count()
    }
}
