//! Refused requests, of which one a second is logged.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Minimum time between two lines.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// Counts refused requests between two lines of the log.
pub(super) struct Refusals {
    unlogged: AtomicU64,
    logged_at: Mutex<Option<Instant>>,
}

impl Refusals {
    pub(super) const fn new() -> Self {
        Self { unlogged: AtomicU64::new(0), logged_at: Mutex::new(None) }
    }

    /// Counts one request. Returns the number of requests since the last line if another line is due.
    pub(super) fn count(&self) -> Option<u64> {
        self.count_at(Instant::now())
    }

    fn count_at(&self, now: Instant) -> Option<u64> {
        self.unlogged.fetch_add(1, Ordering::Relaxed);
        let mut logged_at = self.logged_at.lock().unwrap_or_else(PoisonError::into_inner);
        if logged_at.is_some_and(|at| now.saturating_duration_since(at) < LOG_EVERY) {
            return None;
        }
        *logged_at = Some(now);
        Some(self.unlogged.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_counts_all_refused_requests() {
        let (refusals, now) = (Refusals::new(), Instant::now());

        let first = refusals.count_at(now);
        let next = [10, 20, 30].map(|millis| refusals.count_at(now + Duration::from_millis(millis)));
        let last = refusals.count_at(now + Duration::from_secs(1));

        assert_eq!((first, next, last), (Some(1), [None; 3], Some(4)));
    }
}
