//! Adds up requests: two or three additions for each.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Adds up requests. Cheap to clone: clones add up together.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    sums: Arc<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    requests: AtomicU64,
    errors: AtomicU64,
    micros: AtomicU64,
}

/// What requests have come to since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many were answered.
    pub requests: u64,
    /// How many of them with an error of the service.
    pub errors: u64,
    /// Microseconds they took, all together.
    pub micros: u64,
}

impl Tally {
    /// Adds a request that took `took` and was answered with an error of the service, or not.
    pub fn add(&self, is_error: bool, took: Duration) {
        self.sums.requests.fetch_add(1, Ordering::Relaxed);
        self.sums.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if is_error {
            self.sums.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What they come to so far.
    pub fn totals(&self) -> Totals {
        let Sums { requests, errors, micros } = &*self.sums;
        let of = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        Totals { requests: of(requests), errors: of(errors), micros: of(micros) }
    }
}
