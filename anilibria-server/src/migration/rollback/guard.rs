//! The limits that trigger a roll-back.

use std::{fmt, time::Duration};

use super::Measured;
use crate::config::MigrationConfig;

/// Limits of the measured values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Maximum share of errors, 0 to 1.
    pub error_rate: f64,
    /// Maximum mean duration.
    pub mean: Duration,
    /// Minimum number of requests in a window; with fewer, no limit applies.
    pub min_requests: u64,
}

/// A limit that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Excess {
    /// Share of failed requests.
    Errors(f64),
    /// Mean duration of a response.
    Slowness(Duration),
}

/// A check of measured values against the limits. It reports once each time a limit becomes exceeded.
#[derive(Clone, Debug)]
pub struct Guard {
    rules: Rules,
    pub(super) is_alarmed: bool,
}

impl Guard {
    /// Creates a guard with the limits in `rules`.
    pub fn new(rules: Rules) -> Self {
        Self { rules, is_alarmed: false }
    }

    /// Returns the exceeded limit of `measured`, unless a limit was exceeded at the previous check as well.
    pub fn look(&mut self, measured: &Measured) -> Option<Excess> {
        let excess = self.rules.excess(measured);
        let is_new = !std::mem::replace(&mut self.is_alarmed, excess.is_some());
        excess.filter(|_| is_new)
    }

    /// Makes the next check report again, because the reaction to the last report failed.
    pub fn again(&mut self) {
        self.is_alarmed = false;
    }
}

impl From<&MigrationConfig> for Rules {
    fn from(config: &MigrationConfig) -> Self {
        Self {
            error_rate: config.rollback_error_rate,
            mean: config.rollback_mean,
            min_requests: config.rollback_min_requests,
        }
    }
}

impl Rules {
    fn excess(&self, measured: &Measured) -> Option<Excess> {
        if measured.requests < self.min_requests {
            return None;
        }
        if measured.error_rate > self.error_rate {
            return Some(Excess::Errors(measured.error_rate));
        }
        (measured.mean > self.mean).then_some(Excess::Slowness(measured.mean))
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errors(share) => write!(f, "{:.1} % of requests failed", share * 100.0),
            Self::Slowness(mean) => write!(f, "answers took {:.1} s on average", mean.as_secs_f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { error_rate: 0.05, mean: Duration::from_secs(5), min_requests: 20 };

    fn measured(requests: u64, error_rate: f64, seconds: f64) -> Measured {
        Measured { requests, error_rate, mean: Duration::from_secs_f64(seconds) }
    }

    #[test]
    fn limits_themselves_are_not_too_much() {
        let mut guard = Guard::new(RULES);

        assert_eq!(guard.look(&measured(100, 0.05, 5.0)), None);
        assert_eq!(guard.look(&measured(100, 0.051, 1.0)), Some(Excess::Errors(0.051)));
    }

    #[test]
    fn slowness_alone_is_enough() {
        let excess = Guard::new(RULES).look(&measured(100, 0.0, 5.5));

        assert_eq!(excess.unwrap().to_string(), "answers took 5.5 s on average");
    }

    #[test]
    fn few_requests_say_nothing() {
        assert_eq!(Guard::new(RULES).look(&measured(19, 1.0, 60.0)), None);
    }

    #[test]
    fn alarm_is_raised_once_until_all_is_well_again() {
        let mut guard = Guard::new(RULES);
        let (bad, good) = (measured(100, 0.5, 1.0), measured(100, 0.0, 1.0));

        let alarms = [bad, bad, good, bad].map(|measured| guard.look(&measured).is_some());

        assert_eq!(alarms, [true, false, false, true]);
    }

    #[test]
    fn alarm_that_came_to_nothing_is_raised_again() {
        let mut guard = Guard::new(RULES);
        let bad = measured(100, 0.5, 1.0);
        guard.look(&bad);

        guard.again();

        assert!(guard.look(&bad).is_some());
    }
}
