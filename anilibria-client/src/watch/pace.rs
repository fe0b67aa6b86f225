//! The wait between two polls.

use std::time::Duration;

use super::expect::Expectation;
use crate::{Error, retry::capped_wait};

/// Poll intervals: the usual one and its bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) every: Duration,
    pub(super) at_least: Option<Duration>,
    pub(super) at_most: Option<Duration>,
}

/// Results of the last polls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Streaks {
    /// Number of consecutive polls without changes.
    pub(super) quiet: u32,
    /// Number of consecutive polls that failed.
    pub(super) failed: u32,
}

impl Pace {
    fn shortest(self) -> Duration {
        self.at_least.unwrap_or(self.every / 4)
    }

    fn longest(self) -> Duration {
        self.at_most.unwrap_or(self.every.saturating_mul(5)).max(self.shortest())
    }

    /// Returns the wait after a successful poll: the shortest after changes and while an episode is due, and twice as
    /// long with each poll without changes, up to the usual interval if an episode is due today and to the longest
    /// otherwise.
    pub(super) fn after_poll(self, streaks: Streaks, expectation: Expectation) -> Duration {
        let longest = match expectation {
            Expectation::Now => self.shortest(),
            Expectation::Today => self.every.min(self.longest()),
            Expectation::Nothing => self.longest(),
        };
        doubled(self.shortest(), streaks.quiet).min(longest).max(self.shortest())
    }

    /// Returns the wait after a failed poll. It doubles with each failure, and is at least the wait that the service requests.
    pub(super) fn after_failure(self, streaks: Streaks, error: &Error) -> Duration {
        let backoff = doubled(self.shortest(), streaks.failed.saturating_sub(1)).min(self.longest());
        backoff.max(capped_wait(requested_wait(error).unwrap_or_default()))
    }
}

/// Returns the wait that the service requests. Of several mirrors it is the shortest, because one mirror is enough.
fn requested_wait(error: &Error) -> Option<Duration> {
    match error {
        Error::RateLimited { retry_after } => *retry_after,
        Error::AllMirrors(failures) => {
            failures.iter().map(|failure| requested_wait(&failure.error)).min().flatten()
        }
        _ => None,
    }
}

fn doubled(duration: Duration, times: u32) -> Duration {
    duration.saturating_mul(2_u32.saturating_pow(times.min(16)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { every: Duration::from_mins(1), at_least: None, at_most: None };

    fn after_poll(quiet: u32, expectation: Expectation) -> u64 {
        PACE.after_poll(Streaks { quiet, failed: 0 }, expectation).as_secs()
    }

    #[test]
    fn polls_are_frequent_after_changes_and_rare_when_nothing_happens() {
        let waits = [0, 1, 2, 3, 4, 5, 99].map(|quiet| after_poll(quiet, Expectation::Nothing));

        assert_eq!(waits, [15, 30, 60, 120, 240, 300, 300]);
    }

    #[test]
    fn polls_have_the_usual_interval_on_a_day_with_an_episode_and_are_frequent_around_its_hour() {
        assert_eq!([0, 2, 99].map(|quiet| after_poll(quiet, Expectation::Today)), [15, 60, 60]);
        assert_eq!([0, 2, 99].map(|quiet| after_poll(quiet, Expectation::Now)), [15, 15, 15]);
    }

    #[test]
    fn waits_after_failures_grow_within_bounds() {
        let wait = |failed, retry_after: Option<u64>| {
            let error = Error::RateLimited { retry_after: retry_after.map(Duration::from_secs) };
            PACE.after_failure(Streaks { quiet: 0, failed }, &error).as_secs()
        };

        assert_eq!([1, 2, 3, 6, 99].map(|failed| wait(failed, None)), [15, 30, 60, 300, 300]);
        assert_eq!((wait(1, Some(40)), wait(99, Some(40)), wait(1, Some(86_400))), (40, 300, 900));
    }

    #[test]
    fn no_interval_overflows() {
        let pace = Pace { every: Duration::MAX, at_least: None, at_most: None };
        let error = Error::RateLimited { retry_after: Some(Duration::MAX) };
        let streaks = Streaks { quiet: u32::MAX, failed: u32::MAX };

        assert_eq!(pace.after_poll(streaks, Expectation::Nothing), Duration::MAX);
        assert_eq!(pace.after_failure(streaks, &error), Duration::MAX);
        assert_eq!(PACE.after_failure(Streaks::default(), &error), Duration::from_mins(15));
    }
}
