//! Request counters. A request costs two or three atomic additions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Request counters. Cheap to clone: clones share the counters.
#[derive(Clone, Debug, Default)]
pub struct RequestCounters {
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    errors: AtomicU64,
    micros: AtomicU64,
}

/// Totals of requests since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Number of completed requests.
    pub requests: u64,
    /// Number of requests that ended with an error of the service.
    pub errors: u64,
    /// Sum of the durations in microseconds.
    pub micros: u64,
}

impl RequestCounters {
    /// Counts a request that took `duration`. `is_error` is true if the response was an error of the service.
    pub fn record(&self, is_error: bool, duration: Duration) {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        self.counters
            .micros
            .fetch_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if is_error {
            self.counters.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the totals so far.
    pub fn totals(&self) -> Totals {
        let Counters { requests, errors, micros } = &*self.counters;
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals { requests: value(requests), errors: value(errors), micros: value(micros) }
    }
}
