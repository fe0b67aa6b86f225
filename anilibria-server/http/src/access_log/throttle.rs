//! Throttle for log lines about frequent events.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Minimum time between two lines.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// Allows one log line a second, and counts the events since the last line.
pub(super) struct LogThrottle {
    unlogged: AtomicU64,
    logged_at: Mutex<Option<Instant>>,
}

impl LogThrottle {
    pub(super) const fn new() -> Self {
        Self { unlogged: AtomicU64::new(0), logged_at: Mutex::new(None) }
    }

    /// Counts one event. Returns the number of events since the last line, this one included, if another line is due.
    pub(super) fn record(&self) -> Option<u64> {
        self.record_at(Instant::now())
    }

    fn record_at(&self, now: Instant) -> Option<u64> {
        self.unlogged.fetch_add(1, Ordering::Relaxed);
        let mut logged_at = self.logged_at.lock().unwrap_or_else(PoisonError::into_inner);
        if logged_at.is_some_and(|at| now.saturating_duration_since(at) < MIN_INTERVAL) {
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
    fn one_line_a_second_counts_all_events() {
        let (throttle, now) = (LogThrottle::new(), Instant::now());

        let first = throttle.record_at(now);
        let next = [10, 20, 30].map(|millis| throttle.record_at(now + Duration::from_millis(millis)));
        let last = throttle.record_at(now + Duration::from_secs(1));

        assert_eq!((first, next, last), (Some(1), [None; 3], Some(4)));
    }
}
