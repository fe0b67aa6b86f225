//! Request totals. A request costs two or three atomic additions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Request totals. Cheap to clone: clones share the totals.
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

/// Totals of requests since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Number of requests answered.
    pub requests: u64,
    /// Number of requests answered with an error of the service.
    pub errors: u64,
    /// Sum of the durations in microseconds.
    pub micros: u64,
}

impl Tally {
    /// Adds a request of the duration `took`. `is_error` is true if it was answered with an error of the service.
    pub fn add(&self, is_error: bool, took: Duration) {
        self.sums.requests.fetch_add(1, Ordering::Relaxed);
        self.sums.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if is_error {
            self.sums.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the totals so far.
    pub fn totals(&self) -> Totals {
        let Sums { requests, errors, micros } = &*self.sums;
        let of = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        Totals { requests: of(requests), errors: of(errors), micros: of(micros) }
    }
}
