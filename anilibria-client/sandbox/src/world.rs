//! Everything a sandbox knows, behind its locks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use fastrand::Rng;
use time::OffsetDateTime;

use super::account::Account;
use super::catalog::Catalog;
use super::chance;
use super::clock::{Clock, weekday};
use super::faults::Injector;
use super::log::Log;

/// What a sandbox is built from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) releases: u32,
    pub(crate) clock: Clock,
    pub(crate) log_capacity: usize,
    pub(crate) read_lag: Duration,
}

/// The state that all clones of a sandbox share.
#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    releases: u32,
    clock: Clock,
    read_lag: Duration,
    /// How far the clock was set ahead, in milliseconds.
    ahead: AtomicU64,
    catalog: RwLock<Catalog>,
    /// Locked before the catalog by those who need both.
    account: Mutex<Account>,
    injector: Mutex<Injector>,
    log: Mutex<Log>,
    /// Decides what the random routes give.
    dice: Mutex<Rng>,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        let Settings { seed, releases, clock, log_capacity, read_lag } = settings;
        Self {
            seed,
            releases,
            clock,
            read_lag,
            ahead: AtomicU64::new(0),
            catalog: RwLock::new(Catalog::generate(seed, releases)),
            account: Mutex::new(Account::new(seed, read_lag)),
            injector: Mutex::new(Injector::new(seed)),
            log: Mutex::new(Log::new(log_capacity)),
            dice: Mutex::new(dice(seed)),
        }
    }

    // A panic under a lock can only come from a bug in the sandbox, and a test that hits one should
    // fail with that panic; later calls go on with what is there.

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

    fn dice(&self) -> MutexGuard<'_, Rng> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What makes links to torrents personal.
    pub(crate) fn passkey(&self) -> String {
        chance::file_name(&mut chance::stream(self.seed, "passkey", 0)).chars().take(16).collect()
    }

    /// Up to `count` different items in an order that repeats after a reset.
    pub(crate) fn sample<T>(&self, items: impl Iterator<Item = T>, count: usize) -> Vec<T> {
        chance::sample(&mut self.dice(), items, count)
    }

    /// What time it is here.
    pub(crate) fn now(&self) -> OffsetDateTime {
        let ahead = Duration::from_millis(self.ahead.load(Ordering::Relaxed));
        self.clock.now().saturating_add(time::Duration::try_from(ahead).unwrap_or(time::Duration::MAX))
    }

    /// Sets the clock ahead, once more by `step`.
    pub(crate) fn advance(&self, step: Duration) {
        let step = u64::try_from(step.as_millis()).unwrap_or(u64::MAX);
        // The closure always gives a value, so the update cannot fail.
        let _ = self
            .ahead
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |ahead| Some(ahead.saturating_add(step)));
    }

    /// Today's weekday in Moscow, 1 for Monday to 7 for Sunday.
    pub(crate) fn weekday(&self) -> u8 {
        weekday(self.now())
    }

    /// Brings everything back to how it was at the start.
    pub(crate) fn reset(&self) {
        let mut catalog = self.catalog_mut();
        if !catalog.is_pristine() {
            *catalog = Catalog::generate(self.seed, self.releases);
        }
        drop(catalog);
        *self.account() = Account::new(self.seed, self.read_lag);
        self.ahead.store(0, Ordering::Relaxed);
        *self.injector() = Injector::new(self.seed);
        *self.dice() = dice(self.seed);
        self.log().clear();
    }
}

fn dice(seed: u64) -> Rng {
    chance::stream(seed, "random routes", 0)
}
