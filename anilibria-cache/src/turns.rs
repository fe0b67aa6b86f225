//! Writers of one key take turns, so that all levels end up with the value of the same one.

use std::hash::{BuildHasher, RandomState};

use tokio::sync::{Mutex, MutexGuard};

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
        let number = usize::try_from(self.hasher.hash_one(key) % LOCKS as u64).ok()?;
        Some(Turn(self.locks.get(number)?.lock().await))
    }
}
