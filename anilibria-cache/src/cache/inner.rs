//! What the clones of a cache share.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant, SystemTime},
};

use futures::future;
use tokio::{sync::Semaphore, task::AbortHandle};

use crate::{
    cached::{Cached, Source},
    clock::Clock,
    error::LoadError,
    level::Owner,
    levels::Levels,
    lock::LoadLock,
    options::Options,
    outbox::Outbox,
    policy::Policy,
    single_flight::SingleFlight,
    stats::{BackplaneStats, CacheStats, Counter, LevelPing},
    turns::Turns,
};

/// What a cache is put together from.
pub(crate) struct Parts {
    pub(crate) levels: Levels,
    pub(crate) policy: Policy,
    pub(crate) outbox: Option<Arc<Outbox>>,
    pub(crate) lock: Option<(Box<dyn LoadLock>, Duration)>,
    pub(crate) max_loads: usize,
    pub(crate) owner: Owner,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What the clones of a cache share.
pub(crate) struct Inner {
    pub(super) levels: Levels,
    policy: Policy,
    pub(super) flights: Arc<SingleFlight>,
    pub(super) turns: Turns,
    pub(super) outbox: Option<Arc<Outbox>>,
    pub(super) listener: OnceLock<AbortHandle>,
    pub(super) lock: Option<(Box<dyn LoadLock>, Duration)>,
    /// Permits to load.
    pub(super) loading: Semaphore,
    /// Permits to stay within reach of other instances after a load.
    pub(super) lingering: Semaphore,
    clock: Arc<dyn Clock>,
    pub(super) counters: Counters,
    pub(super) owner: Owner,
}

/// What is counted about a cache as a whole.
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

impl Inner {
    pub(crate) fn new(Parts { levels, policy, outbox, lock, max_loads, owner, clock }: Parts) -> Self {
        Self {
            levels,
            policy,
            flights: Arc::default(),
            turns: Turns::new(),
            outbox,
            listener: OnceLock::new(),
            lock,
            loading: Semaphore::new(max_loads.clamp(1, Semaphore::MAX_PERMITS)),
            lingering: Semaphore::new(max_loads.min(Semaphore::MAX_PERMITS)),
            clock,
            counters: Counters::default(),
            owner,
        }
    }

    pub(super) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// What holds for a call with `options`.
    pub(super) fn policy(&self, options: &Options) -> Policy {
        self.policy.with(options)
    }

    /// Notes how a call ended that the nearest level could not answer at once.
    pub(super) fn count<E>(&self, outcome: &Result<Cached, LoadError<E>>) {
        match outcome {
            Ok(cached) if let Source::Level { index, .. } = cached.source() => {
                self.levels.count(Some(index), cached.is_stale());
            }
            _ => {
                self.counters.misses.increment();
                self.levels.count(None, false);
            }
        }
    }

    pub(super) async fn ping(&self) -> Vec<LevelPing> {
        let pings = self.levels.iter().map(|level| async {
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
        let levels = self.levels.stats(misses).await;
        let backplane = self.outbox.as_ref().map(|outbox| BackplaneStats {
            name: outbox.backplane().name(),
            sent: outbox.sent.get(),
            received: received.get(),
            resyncs: resyncs.get(),
            failures: outbox.failures.get(),
            waiting: outbox.waiting(),
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
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.get() {
            listener.abort();
        }
    }
}
