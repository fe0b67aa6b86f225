//! Writers of one key take turns, so that all levels end up with the value of the same one.

use std::hash::{BuildHasher, RandomState};

use tokio::sync::{Mutex, MutexGuard};

use crate::invalidation::Scope;

/// More make it less likely that keys which have nothing to do with each other wait.
const LOCKS: usize = 256;

/// Locks that keys share by chance.
#[derive(Debug)]
pub(crate) struct Turns {
    locks: Box<[Mutex<()>]>,
    hasher: RandomState,
}

/// The turn of a writer. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(#[expect(dead_code, reason = "it is there to be dropped")] MutexGuard<'a, ()>);

impl Turns {
    pub(crate) fn new() -> Self {
        Self { locks: (0..LOCKS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// Waits for the turn to write `key`.
    pub(crate) async fn of(&self, key: &str) -> Option<Turn<'_>> {
        Some(Turn(self.lock_of(key)?.lock().await))
    }

    /// Waits until those have ended their turn who have it now and may write what `scope` is about.
    pub(crate) async fn settle(&self, scope: &Scope) {
        if let Scope::Key(key) = scope {
            drop(self.of(key).await);
            return;
        }
        for lock in &self.locks {
            // Most are free, and waiting for one costs a part of what a task may do at a stretch.
            if lock.try_lock().is_err() {
                drop(lock.lock().await);
            }
        }
    }

    fn lock_of(&self, key: &str) -> Option<&Mutex<()>> {
        let number = usize::try_from(self.hasher.hash_one(key) % LOCKS as u64).ok()?;
        self.locks.get(number)
    }
}
