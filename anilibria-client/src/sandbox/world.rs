//! Everything a sandbox knows, behind its locks.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use fastrand::Rng;

use super::catalogue::Catalogue;
use super::chance;
use super::clock::Clock;
use super::faults::Injector;
use super::log::Log;

/// The state that all clones of a sandbox share.
#[derive(Debug)]
pub(crate) struct World {
    seed: u64,
    releases: u32,
    clock: Clock,
    catalogue: RwLock<Catalogue>,
    injector: Mutex<Injector>,
    log: Mutex<Log>,
    /// Decides what the random routes give.
    dice: Mutex<Rng>,
}

impl World {
    pub(crate) fn new(seed: u64, releases: u32, clock: Clock, log_capacity: usize) -> Self {
        Self {
            seed,
            releases,
            clock,
            catalogue: RwLock::new(Catalogue::generate(seed, releases)),
            injector: Mutex::new(Injector::new(seed)),
            log: Mutex::new(Log::new(log_capacity)),
            dice: Mutex::new(dice(seed)),
        }
    }

    // A panic under a lock can only come from a bug in the sandbox, and a test that hits one should
    // fail with that panic; later calls go on with what is there.

    pub(crate) fn catalogue(&self) -> RwLockReadGuard<'_, Catalogue> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn catalogue_mut(&self) -> RwLockWriteGuard<'_, Catalogue> {
        self.catalogue.write().unwrap_or_else(PoisonError::into_inner)
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

    /// Up to `count` different items in an order that repeats after a reset.
    pub(crate) fn sample<T>(&self, items: impl Iterator<Item = T>, count: usize) -> Vec<T> {
        chance::sample(&mut self.dice(), items, count)
    }

    /// Today's weekday in Moscow, 1 for Monday to 7 for Sunday.
    pub(crate) fn weekday(&self) -> u8 {
        self.clock.weekday()
    }

    /// Brings everything back to how it was at the start.
    pub(crate) fn reset(&self) {
        let mut catalogue = self.catalogue_mut();
        if !catalogue.is_pristine() {
            *catalogue = Catalogue::generate(self.seed, self.releases);
        }
        drop(catalogue);
        *self.injector() = Injector::new(self.seed);
        *self.dice() = dice(self.seed);
        self.log().clear();
    }
}

fn dice(seed: u64) -> Rng {
    chance::stream(seed, "random routes", 0)
}
