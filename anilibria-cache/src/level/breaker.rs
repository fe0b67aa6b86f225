//! Whether a level is worth asking.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Opens after a number of failures in a row. It closes again by decision of the [recovery](super::recovery), not of a
/// caller that is sent ahead to see.
#[derive(Debug)]
pub(super) struct Breaker {
    threshold: u32,
    failures: AtomicU32,
    open: AtomicBool,
}

impl Breaker {
    /// A closed one that opens with the failure number `threshold`, the first at the least.
    pub(super) fn new(threshold: u32) -> Self {
        Self { threshold: threshold.max(1), failures: AtomicU32::new(0), open: AtomicBool::new(false) }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// An operation went well.
    pub(super) fn success(&self) {
        // Read first: a shared write on each success would cost every core.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// An operation failed. Returns whether this is one too many.
    pub(super) fn failure(&self) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= self.threshold
    }

    /// Opens; returns whether it was closed.
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
    fn only_failures_in_a_row_are_one_too_many() {
        let breaker = Breaker::new(3);

        let first = [breaker.failure(), breaker.failure()];
        breaker.success();
        let second = [breaker.failure(), breaker.failure(), breaker.failure()];

        assert_eq!((first, second), ([false, false], [false, false, true]));
    }

    #[test]
    fn it_opens_once_and_starts_anew_after_it_closed() {
        let breaker = Breaker::new(2);

        let opened = [breaker.failure(), breaker.failure(), breaker.open(), breaker.open()];
        breaker.close();

        assert_eq!(opened, [false, true, true, false]);
        assert!(!breaker.is_open() && !breaker.failure());
    }
}
