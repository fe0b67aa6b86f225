//! State of a sandbox, behind its locks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use fastrand::Rng;
use time::OffsetDateTime;

use super::account::Account;
use super::catalog::Catalog;
use super::clock::{Clock, weekday};
use super::faults::Injector;
use super::log::Log;
use super::random;

/// Settings of a sandbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) releases: u32,
    pub(crate) clock: Clock,
    pub(crate) log_capacity: usize,
    pub(crate) read_lag: Duration,
}

/// State that all clones of a sandbox share.
#[derive(Debug)]
pub(crate) struct SandboxState {
    seed: u64,
    releases: u32,
    clock: Clock,
    read_lag: Duration,
    /// Offset of the clock, in milliseconds.
    clock_offset: AtomicU64,
    catalog: RwLock<Catalog>,
    /// Locked before the catalog if both are needed.
    account: Mutex<Account>,
    injector: Mutex<Injector>,
    log: Mutex<Log>,
    /// Generator for the random routes.
    rng: Mutex<Rng>,
}

impl SandboxState {
    pub(crate) fn new(settings: Settings) -> Self {
        let Settings { seed, releases, clock, log_capacity, read_lag } = settings;
        Self {
            seed,
            releases,
            clock,
            read_lag,
            clock_offset: AtomicU64::new(0),
            catalog: RwLock::new(Catalog::generate(seed, releases)),
            account: Mutex::new(Account::new(seed, read_lag)),
            injector: Mutex::new(Injector::new(seed)),
            log: Mutex::new(Log::new(log_capacity)),
            rng: Mutex::new(rng(seed)),
        }
    }

    // A panic under a lock is a bug in the sandbox. The test that triggers it fails with that panic; later calls use the
    // state that is left.

    pub(crate) fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn catalog_mut(&self) -> RwLockWriteGuard<'_, Catalog> {
        self.catalog.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn injector(&self) -> MutexGuard<'_, Injector> {
        self.injector.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rng(&self) -> MutexGuard<'_, Rng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passkey for personal links to torrents.
    pub(crate) fn passkey(&self) -> String {
        random::file_name(&mut random::stream(self.seed, "passkey", 0)).chars().take(16).collect()
    }

    /// Returns up to `count` different items in random order. The order repeats after a reset.
    pub(crate) fn sample<T>(&self, items: impl Iterator<Item = T>, count: usize) -> Vec<T> {
        random::sample(&mut self.rng(), items, count)
    }

    /// Current time of the sandbox.
    pub(crate) fn now(&self) -> OffsetDateTime {
        let clock_offset = Duration::from_millis(self.clock_offset.load(Ordering::Relaxed));
        self.clock.now().saturating_add(time::Duration::try_from(clock_offset).unwrap_or(time::Duration::MAX))
    }

    /// Advances the clock by `step`.
    pub(crate) fn advance(&self, step: Duration) {
        let step = u64::try_from(step.as_millis()).unwrap_or(u64::MAX);
        // The closure always returns a value, so the update cannot fail.
        let _ = self.clock_offset.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |clock_offset| {
            Some(clock_offset.saturating_add(step))
        });
    }

    /// Current weekday in Moscow, from 1 (Monday) to 7 (Sunday).
    pub(crate) fn weekday(&self) -> u8 {
        weekday(self.now())
    }

    /// Restores the initial state.
    pub(crate) fn reset(&self) {
        let mut catalog = self.catalog_mut();
        if !catalog.is_pristine() {
            *catalog = Catalog::generate(self.seed, self.releases);
        }
        drop(catalog);
        *self.account() = Account::new(self.seed, self.read_lag);
        self.clock_offset.store(0, Ordering::Relaxed);
        *self.injector() = Injector::new(self.seed);
        *self.rng() = rng(self.seed);
        self.log().clear();
    }
}

fn rng(seed: u64) -> Rng {
    random::stream(seed, "random routes", 0)
}
