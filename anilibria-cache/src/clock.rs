//! Where the time comes from, so that tests of expiry need no waiting.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// What a [`Cache`](crate::Cache) asks for the time of day.
///
/// Deadlines are wall-clock times because entries travel between processes. Set with
/// [`CacheBuilder::clock`](crate::CacheBuilder::clock); the default is [`SystemClock`].
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time now. Called on each read, so it should cost no more than a few nanoseconds.
    fn now(&self) -> SystemTime;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// A clock that stands still until it is moved, for tests. Clones are the same clock.
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
    /// A clock that shows `start`.
    pub fn new(start: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(start)))
    }

    /// Moves the clock on by `step`. A step beyond what a `SystemTime` can hold is cut off.
    pub fn advance(&self, step: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = later(*now, step);
    }
}

/// Starts at the Unix epoch, so that a test cannot come to depend on the day it runs.
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

/// No deadline lies further ahead than this; every platform can represent it.
const CENTURY: Duration = Duration::from_hours(24 * 365 * 100);

/// `now + by`, without the panic: "for ever" (`Duration::MAX`) becomes a century.
pub(crate) fn later(now: SystemTime, by: Duration) -> SystemTime {
    now.checked_add(by.min(CENTURY)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_beyond_the_calendar_becomes_a_century() {
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
