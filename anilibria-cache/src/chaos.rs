//! Fault injection for tests of code that uses a cache.
//!
//! A [`ChaosStore`] wraps any [`Store`] and injects latency, errors and hangs, which a test changes while the store is in
//! use.

mod faults;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use fastrand::Rng;
use tokio::{sync::watch, time::sleep};

pub use self::faults::{Failure, Faults};
use crate::{
    entry::Entry,
    error::{Error, Result},
    invalidation::Invalidation,
    stats::StoreStats,
    store::Store,
};

/// A kind of operation of a [`Store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `get_now`, `get` and `get_many`.
    Get,
    /// `set` and `set_many`.
    Set,
    /// `invalidate`.
    Invalidate,
    /// `ping`.
    Ping,
}

impl Operation {
    /// All kinds of operations.
    pub const ALL: [Self; 4] = [Self::Get, Self::Set, Self::Invalidate, Self::Ping];
}

/// A [`Store`] that injects faults into the operations of another store.
///
/// Without [faults](Faults), each operation is passed on. `name` and `stats` never fail. Clones share the store, its
/// faults and its counters, so a test gives one clone to a cache and keeps another one to control it.
///
/// Random latencies and failures come from a generator for each kind of operation, whose default [seed](Self::seed) is
/// constant. The same calls in the same order have the same outcome.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> anilibria_cache::Result<()> {
/// use anilibria_cache::{
///     Cache, MemoryStore,
///     chaos::{ChaosStore, Faults, Operation},
/// };
/// use std::{convert::Infallible, time::Duration};
///
/// let store = ChaosStore::new(MemoryStore::new(1 << 20)).shared(true);
/// let cache = Cache::builder().level(store.clone()).ttl(Duration::from_mins(5)).build();
///
/// store.inject(Operation::Get, Faults::new().latency(Duration::from_millis(5)).fail_next(1));
///
/// // The cache loads the value although its store has failed.
/// let cached = cache.get_or_load("title:1", [], || async { Ok::<_, Infallible>("{}") }).await.unwrap();
///
/// assert_eq!(cached.value(), "{}");
/// assert_eq!(store.failures(Operation::Get), 1);
/// # Ok(())
/// # }
/// ```
pub struct ChaosStore<S> {
    store: Arc<S>,
    controls: Arc<[Control; 4]>,
    is_shared: bool,
}

/// The faults and counters of one kind of operation.
struct Control {
    state: Mutex<State>,
    hang: watch::Sender<Hang>,
    calls: AtomicU64,
    failures: AtomicU64,
}

/// State that tells operations when to stop hanging.
#[derive(Default)]
struct Hang {
    is_on: bool,
    /// Number of releases. An operation also continues if a new hang began right after its release.
    releases: u64,
}

struct State {
    faults: Faults,
    random: Rng,
}

/// The faults of one operation.
struct Plan {
    latency: Duration,
    failure: Option<Failure>,
    on_response: bool,
}

impl<S: Store> ChaosStore<S> {
    /// Wraps `store`. No faults are injected at first.
    pub fn new(store: S) -> Self {
        let is_shared = store.is_shared();
        let controls = Operation::ALL.map(|_| Control {
            state: Mutex::new(State { faults: Faults::new(), random: Rng::with_seed(0) }),
            hang: watch::Sender::default(),
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        let this = Self { store: Arc::new(store), controls: Arc::new(controls), is_shared };
        this.seed(0)
    }

    /// Sets the seed of the random latencies and failures. Default: 0.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        for (control, number) in self.controls.iter().zip(0..) {
            control.lock().random = Rng::with_seed(seed.wrapping_mul(4).wrapping_add(number));
        }
        self
    }

    /// Sets whether other processes use the same entries; see [`Store::is_shared`]. Affects this clone and the clones made
    /// from it. Default: the same as the wrapped store.
    #[must_use]
    pub fn shared(self, is_shared: bool) -> Self {
        Self { is_shared, ..self }
    }
}

impl<S> ChaosStore<S> {
    /// Returns the wrapped store, which no faults are injected into.
    pub fn inner(&self) -> &S {
        &self.store
    }

    /// Sets the faults of one kind of operation in place of earlier ones. Operations that hang continue, unless the new
    /// faults include a hang.
    pub fn inject(&self, operation: Operation, faults: Faults) {
        let control = self.control(operation);
        let mut state = control.lock();
        let hang = faults.hang;
        state.faults = faults;
        // Under the lock, so that it agrees with the faults.
        control.hang.send_modify(|state| state.is_on = hang);
    }

    /// Sets the faults of all operations.
    pub fn inject_all(&self, faults: &Faults) {
        for operation in Operation::ALL {
            self.inject(operation, faults.clone());
        }
    }

    /// Removes all faults. Operations that hang continue.
    pub fn heal(&self) {
        self.inject_all(&Faults::new());
    }

    /// Removes the hang from all operations. Operations that hang continue. Other faults stay.
    pub fn release(&self) {
        for control in &*self.controls {
            let mut state = control.lock();
            state.faults.hang = false;
            control.hang.send_modify(|state| {
                state.is_on = false;
                state.releases += 1;
            });
        }
    }

    /// Returns the number of calls of this kind of operation, whatever their outcome.
    ///
    /// `get_many` and `set_many` count as one call, `get_now` counts if it returned an entry.
    pub fn calls(&self, operation: Operation) -> u64 {
        self.control(operation).calls.load(Ordering::SeqCst)
    }

    /// Returns the number of failures that were injected into this kind of operation.
    pub fn failures(&self, operation: Operation) -> u64 {
        self.control(operation).failures.load(Ordering::SeqCst)
    }

    fn control(&self, operation: Operation) -> &Control {
        &self.controls[operation as usize]
    }
}

impl<S: Store> ChaosStore<S> {
    /// Runs `operation` with the faults that are set for it.
    async fn run<T: Send>(
        &self,
        operation: Operation,
        key: &str,
        done: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let control = self.control(operation);
        control.calls.fetch_add(1, Ordering::SeqCst);
        let Plan { latency, failure, on_response } = control.plan();
        let faults = async {
            if latency > Duration::ZERO {
                sleep(latency).await;
            }
            control.hang().await;
            failure.map_or(Ok(()), |failure| {
                control.failures.fetch_add(1, Ordering::SeqCst);
                Err(self.error(failure, key))
            })
        };
        if on_response {
            let result = done.await;
            faults.await?;
            result
        } else {
            faults.await?;
            done.await
        }
    }

    fn error(&self, failure: Failure, key: &str) -> Error {
        let name = self.store.name();
        match failure {
            Failure::Unavailable => Error::unavailable(name, "injected fault"),
            Failure::Corrupt => Error::corrupt(name, key, "injected fault"),
            Failure::Rejected => Error::rejected(name, key, "injected fault"),
        }
    }
}

impl Control {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the operation is released, if operations hang.
    async fn hang(&self) {
        let mut hang = self.hang.subscribe();
        let releases = hang.borrow().releases;
        // An error would mean that the sender is gone, but `self` owns it.
        let _ = hang.wait_for(|state| !state.is_on || state.releases != releases).await;
    }

    /// Draws the faults of one operation.
    fn plan(&self) -> Plan {
        let mut state = self.lock();
        let State { faults, random } = &mut *state;
        // Both are drawn in any case, so that one setting does not change the sequence of the other.
        let (latency, chance) = (random.f64(), random.f64());
        let is_next = faults.fail_next > 0;
        faults.fail_next = faults.fail_next.saturating_sub(1);
        let (shortest, longest) = faults.latency;
        Plan {
            latency: shortest + longest.saturating_sub(shortest).mul_f64(latency),
            failure: (is_next || chance < faults.failure_rate).then_some(faults.failure),
            on_response: faults.on_response,
        }
    }
}

#[async_trait]
impl<S: Store> Store for ChaosStore<S> {
    fn name(&self) -> &'static str {
        self.store.name()
    }

    fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Returns `None` while there are faults for reads, so that the caller continues with `get`, which injects them.
    fn get_now(&self, key: &str, now: SystemTime) -> Option<Entry> {
        let control = self.control(Operation::Get);
        if !control.lock().faults.is_none() {
            return None;
        }
        let entry = self.store.get_now(key, now)?;
        control.calls.fetch_add(1, Ordering::SeqCst);
        Some(entry)
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        self.run(Operation::Get, key, self.store.get(key, now)).await
    }

    /// An injected [`Failure::Corrupt`] makes all entries read as absent.
    async fn get_many(&self, keys: &[&str], now: SystemTime) -> Result<Vec<Option<Entry>>> {
        match self.run(Operation::Get, "", self.store.get_many(keys, now)).await {
            Err(Error::Corrupt { .. }) => Ok(vec![None; keys.len()]),
            result => result,
        }
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        self.run(Operation::Set, key, self.store.set(key, entry, now)).await
    }

    async fn set_many(&self, entries: Vec<(Arc<str>, Entry)>, now: SystemTime) -> Result<()> {
        let key = entries.first().map_or_else(|| "".into(), |(key, _)| Arc::clone(key));
        self.run(Operation::Set, &key, self.store.set_many(entries, now)).await
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        self.run(Operation::Invalidate, "", self.store.invalidate(invalidation, now)).await
    }

    async fn ping(&self) -> Result<()> {
        self.run(Operation::Ping, "", self.store.ping()).await
    }

    async fn stats(&self) -> Result<StoreStats> {
        self.store.stats().await
    }
}

impl<S> Clone for ChaosStore<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            controls: Arc::clone(&self.controls),
            is_shared: self.is_shared,
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for ChaosStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults =
            Operation::ALL.map(|operation| (operation, self.control(operation).lock().faults.clone()));
        f.debug_struct("ChaosStore")
            .field("store", &self.store)
            .field("is_shared", &self.is_shared)
            .field("faults", &faults)
            .finish_non_exhaustive()
    }
}
