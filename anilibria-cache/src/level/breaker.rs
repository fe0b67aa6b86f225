//! Circuit breaker of a level.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// A circuit breaker that opens after a number of consecutive failures. A repair closes it; there is no half-open state
/// in which calls of users probe the store.
#[derive(Debug)]
pub(super) struct Breaker {
    threshold: u32,
    failures: AtomicU32,
    open: AtomicBool,
}

impl Breaker {
    /// Creates a closed breaker that opens at the failure number `threshold`, at least 1.
    pub(super) fn new(threshold: u32) -> Self {
        Self { threshold: threshold.max(1), failures: AtomicU32::new(0), open: AtomicBool::new(false) }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Records an operation that succeeded.
    pub(super) fn success(&self) {
        // Read first: a write to a shared cache line for each success would slow down all cores.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Records an operation that failed. Returns true if the failure reached the threshold.
    pub(super) fn failure(&self) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= self.threshold
    }

    /// Opens the breaker. Returns true if it was closed.
    pub(super) fn open(&self) -> bool {
        !self.open.swap(true, Ordering::AcqRel)
    }

    pub(super) fn close(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.open.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_consecutive_failures_open_the_breaker() {
        let breaker = Breaker::new(3);

        let first = [breaker.failure(), breaker.failure()];
        breaker.success();
        let second = [breaker.failure(), breaker.failure(), breaker.failure()];

        assert_eq!((first, second), ([false, false], [false, false, true]));
    }

    #[test]
    fn breaker_opens_once_and_counts_from_zero_after_it_closed() {
        let breaker = Breaker::new(2);

        let opened = [breaker.failure(), breaker.failure(), breaker.open(), breaker.open()];
        breaker.close();

        assert_eq!(opened, [false, true, true, false]);
        assert!(!breaker.is_open() && !breaker.failure());
    }
}
