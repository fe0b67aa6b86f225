//! The limits that trigger a rollback.

use std::{fmt, time::Duration};

use super::Measurement;
use crate::config::MigrationConfig;

/// Limits of the measured values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Maximum share of errors, 0 to 1.
    pub error_rate: f64,
    /// Maximum mean duration.
    pub mean: Duration,
    /// Minimum number of requests in a window; with fewer, no limit applies.
    pub min_requests: u64,
}

/// A limit that was exceeded, with the measured value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ExceededLimit {
    /// Share of failed requests.
    ErrorRate(f64),
    /// Mean duration of a response.
    MeanDuration(Duration),
}

/// Check of measurements against the limits. It reports each time a limit becomes exceeded, and not while it stays exceeded.
#[derive(Clone, Debug)]
pub struct LimitChecker {
    limits: Limits,
    /// True if the last check found an exceeded limit, and [`rearm`](Self::rearm) was not called since.
    pub(super) is_exceeded: bool,
}

impl LimitChecker {
    /// Creates a checker of `limits`.
    pub fn new(limits: Limits) -> Self {
        Self { limits, is_exceeded: false }
    }

    /// Returns the limit that `measurement` exceeds; `None` if a limit was exceeded at the previous check too.
    pub fn check(&mut self, measurement: &Measurement) -> Option<ExceededLimit> {
        let exceeded = self.limits.exceeded(measurement);
        let is_new = !std::mem::replace(&mut self.is_exceeded, exceeded.is_some());
        exceeded.filter(|_| is_new)
    }

    /// Makes the next check report a limit that is still exceeded, because the reaction to the last report failed.
    pub fn rearm(&mut self) {
        self.is_exceeded = false;
    }
}

impl From<&MigrationConfig> for Limits {
    fn from(config: &MigrationConfig) -> Self {
        Self {
            error_rate: config.rollback_error_rate,
            mean: config.rollback_mean,
            min_requests: config.rollback_min_requests,
        }
    }
}

impl Limits {
    /// Returns the limit that `measurement` exceeds.
    fn exceeded(&self, measurement: &Measurement) -> Option<ExceededLimit> {
        if measurement.requests < self.min_requests {
            return None;
        }
        if measurement.error_rate > self.error_rate {
            return Some(ExceededLimit::ErrorRate(measurement.error_rate));
        }
        (measurement.mean > self.mean).then_some(ExceededLimit::MeanDuration(measurement.mean))
    }
}

impl fmt::Display for ExceededLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ErrorRate(share) => write!(f, "{:.1} % of requests failed", share * 100.0),
            Self::MeanDuration(mean) => write!(f, "mean response time is {:.1} s", mean.as_secs_f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { error_rate: 0.05, mean: Duration::from_secs(5), min_requests: 20 };

    fn measurement(requests: u64, error_rate: f64, seconds: f64) -> Measurement {
        Measurement { requests, error_rate, mean: Duration::from_secs_f64(seconds) }
    }

    #[test]
    fn measurement_at_the_limit_is_accepted() {
        let mut checker = LimitChecker::new(LIMITS);

        assert_eq!(checker.check(&measurement(100, 0.05, 5.0)), None);
        assert_eq!(checker.check(&measurement(100, 0.051, 1.0)), Some(ExceededLimit::ErrorRate(0.051)));
    }

    #[test]
    fn mean_duration_alone_is_reported() {
        let exceeded = LimitChecker::new(LIMITS).check(&measurement(100, 0.0, 5.5));

        assert_eq!(exceeded.unwrap().to_string(), "mean response time is 5.5 s");
    }

    #[test]
    fn limits_do_not_apply_to_few_requests() {
        assert_eq!(LimitChecker::new(LIMITS).check(&measurement(19, 1.0, 60.0)), None);
    }

    #[test]
    fn exceeded_limit_is_reported_once_until_it_is_met_again() {
        let mut checker = LimitChecker::new(LIMITS);
        let (bad, good) = (measurement(100, 0.5, 1.0), measurement(100, 0.0, 1.0));

        let reports = [bad, bad, good, bad].map(|measurement| checker.check(&measurement).is_some());

        assert_eq!(reports, [true, false, false, true]);
    }

    #[test]
    fn exceeded_limit_is_reported_again_after_rearm() {
        let mut checker = LimitChecker::new(LIMITS);
        let bad = measurement(100, 0.5, 1.0);
        checker.check(&bad);

        checker.rearm();

        assert!(checker.check(&bad).is_some());
    }
}
