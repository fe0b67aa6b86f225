//! Simulated stores, clocks and random numbers.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use anilibria_cache::{Clock, Entry, Error, Invalidation, MemoryStore, Result, Store, StoreStats};
use async_trait::async_trait;
use tokio::time::{Instant, sleep, sleep_until};

use super::record::{Fault, Record};

/// Maximum time that a working store takes for one operation.
pub(crate) const STORE_DELAY: Duration = Duration::from_millis(40);

/// Pseudo-random numbers, the same for each run of a case.
#[derive(Clone)]
pub(crate) struct SeededRng(Arc<Mutex<State>>);

struct State {
    numbers: fastrand::Rng,
    is_calm: bool,
}

impl SeededRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State { numbers: fastrand::Rng::with_seed(seed), is_calm: false })))
    }

    /// Returns a random time in whole milliseconds, at most `most`.
    pub(crate) fn up_to(&self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_millis()).unwrap();
        Duration::from_millis(self.0.lock().unwrap().numbers.u64(0..=most))
    }

    /// Ends the random errors and losses.
    pub(crate) fn stop_faults(&self) {
        self.0.lock().unwrap().is_calm = true;
    }

    /// Returns true with a probability of 1 / `count`; never if `count` is 0.
    pub(crate) fn one_in(&self, count: u64) -> bool {
        let mut state = self.0.lock().unwrap();
        count > 0 && !state.is_calm && state.numbers.u64(0..count) == 0
    }
}

/// A clock with an offset that follows the paused clock of Tokio.
#[derive(Clone, Debug)]
pub(crate) struct SkewedClock {
    start: Instant,
    offset: Arc<Mutex<i64>>,
}

impl SkewedClock {
    pub(crate) fn new(offset: i64) -> Self {
        Self { start: Instant::now(), offset: Arc::new(Mutex::new(offset)) }
    }

    /// Moves the clock by `seconds`. The offset stays within `limit` seconds.
    pub(crate) fn step(&self, seconds: i64, limit: i64) {
        let mut offset = self.offset.lock().unwrap();
        *offset = (*offset + seconds).clamp(-limit, limit);
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> SystemTime {
        let offset = *self.offset.lock().unwrap();
        let seconds = u64::try_from(1_000_000 + offset).unwrap();
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + self.start.elapsed()
    }
}

/// Behaviour of a store during an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// Operations fail.
    Fail,
    /// Operations wait until the outage has ended, and then take effect.
    Hang,
}

/// Connection of one instance to the shared store.
pub(crate) struct Link {
    pub(crate) instance: usize,
    pub(crate) outage: Mutex<Option<(Outage, Instant)>>,
    pub(crate) record: Arc<Record>,
    pub(crate) random: SeededRng,
    /// Average number of operations per failure; 0 disables failures.
    pub(crate) errors: u64,
}

impl Link {
    fn current_outage(&self) -> Option<(Outage, Instant)> {
        self.outage.lock().unwrap().filter(|(_, until)| *until > Instant::now())
    }

    async fn operation<T>(&self, operation: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let error = || Error::unavailable("shared", "simulated");
        sleep(self.random.up_to(STORE_DELAY / 2)).await;
        while let Some((outage, until)) = self.current_outage() {
            if outage == Outage::Fail {
                return Err(error());
            }
            sleep_until(until).await;
        }
        let (fails, takes_effect) = (self.random.one_in(self.errors), self.random.one_in(2));
        if fails {
            self.record.fault(Fault::Store, self.instance, self.record.now(), self.record.now());
        }
        if fails && !takes_effect {
            return Err(error());
        }
        let result = operation.await;
        sleep(self.random.up_to(STORE_DELAY / 2)).await;
        if fails { Err(error()) } else { result }
    }
}

/// The shared store, accessed by one instance.
#[derive(Clone)]
pub(crate) struct SharedStore {
    pub(crate) store: MemoryStore,
    pub(crate) link: Arc<Link>,
}

#[async_trait]
impl Store for SharedStore {
    fn name(&self) -> &'static str {
        "shared"
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        self.link.operation(self.store.get(key, now)).await
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        self.link.operation(self.store.set(key, entry, now)).await
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        self.link.operation(self.store.invalidate(invalidation, now)).await
    }

    async fn ping(&self) -> Result<()> {
        self.link.operation(self.store.ping()).await
    }

    async fn stats(&self) -> Result<StoreStats> {
        self.store.stats().await
    }
}

/// An unshared level that keeps its entries over a restart, like a file on disk. Its lookups have to be awaited.
#[derive(Clone)]
pub(crate) struct DiskLike(pub(crate) MemoryStore);

#[async_trait]
impl Store for DiskLike {
    fn name(&self) -> &'static str {
        "disk-like"
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        tokio::task::yield_now().await;
        self.0.get(key, now).await
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        tokio::task::yield_now().await;
        self.0.set(key, entry, now).await
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        tokio::task::yield_now().await;
        self.0.invalidate(invalidation, now).await
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn stats(&self) -> Result<StoreStats> {
        self.0.stats().await
    }
}
