//! Clocks, so that tests of expiry do not have to wait.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// The source of the current time of a [`Cache`](crate::Cache).
///
/// Deadlines are wall-clock times, because processes exchange entries. Set with
/// [`CacheBuilder::clock`](crate::CacheBuilder::clock); the default is [`SystemClock`].
pub trait Clock: Debug + Send + Sync + 'static {
    /// Returns the current time. Called for each lookup, so it should take no more than a few nanoseconds.
    fn now(&self) -> SystemTime;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A clock for tests, which moves only by [`advance`](Self::advance). Clones share the time.
///
/// ```
/// use anilibria_cache::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::default();
/// let start = clock.now();
///
/// clock.advance(Duration::from_mins(5));
///
/// assert_eq!(clock.now(), start + Duration::from_mins(5));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<SystemTime>>);

impl ManualClock {
    /// Creates a clock with the time `start`.
    pub fn new(start: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(start)))
    }

    /// Moves the clock forward by `step`, at most by a century. A step beyond the range of `SystemTime` is ignored.
    pub fn advance(&self, step: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = later(*now, step);
    }
}

/// Starts at the Unix epoch, so that a test does not depend on the current date.
impl Default for ManualClock {
    fn default() -> Self {
        Self::new(SystemTime::UNIX_EPOCH)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Maximum distance of a deadline. Every platform can represent it.
const CENTURY: Duration = Duration::from_hours(24 * 365 * 100);

/// Returns `now + by` without a panic. `by` is limited to a century, also [`Duration::MAX`].
pub(crate) fn later(now: SystemTime, by: Duration) -> SystemTime {
    now.checked_add(by.min(CENTURY)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_is_limited_to_a_century() {
        let now = SystemTime::now();

        assert_eq!(later(now, Duration::MAX), now + CENTURY);
    }

    #[test]
    fn clones_of_a_manual_clock_move_together() {
        let clock = ManualClock::default();
        let clone = clock.clone();

        clock.advance(Duration::from_secs(7));

        assert_eq!(clone.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(7));
    }
}
