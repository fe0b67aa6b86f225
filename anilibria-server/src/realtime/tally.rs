//! What clients have done since the start.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there have been.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What clients have done since the start.
#[derive(Debug, Default)]
pub struct Tally {
    /// Clients that have come.
    pub opened: Count,
    /// Clients for which there was no place.
    pub turned_away: Count,
    /// Messages of clients.
    pub messages: Count,
    /// Messages that were not heeded, as there were too many.
    pub refused: Count,
    /// Connections that were given up, as their client gave no sign of life or took nothing.
    pub given_up: Count,
}
