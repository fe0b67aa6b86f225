//! Measurements over the last minutes.

use std::{collections::VecDeque, time::Duration};

use super::Totals;

/// Number of intervals in a window. The window advances by one interval at a time.
pub(super) const INTERVALS: u32 = 30;

/// A window over the last minutes, in thirty intervals of equal length.
#[derive(Clone, Debug)]
pub struct Window {
    /// Totals at the start of each interval, oldest first.
    interval_starts: VecDeque<Totals>,
}

/// Measurement over a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measurement {
    /// Number of requests.
    pub requests: u64,
    /// Share of requests that ended with an error of the service, 0 to 1; 0 if there were no requests.
    pub error_rate: f64,
    /// Mean duration of a response; zero if there were no requests.
    pub mean: Duration,
}

impl Window {
    /// Creates a window that starts now, at `totals`.
    pub fn new(totals: Totals) -> Self {
        Self { interval_starts: VecDeque::from([totals]) }
    }

    /// Ends an interval, with `totals` at its end. Returns the measurement over the window.
    #[expect(clippy::cast_precision_loss, reason = "shares and means need no more than 15 digits")]
    pub fn advance(&mut self, totals: Totals) -> Measurement {
        let oldest = self.interval_starts.front().copied().unwrap_or_default();
        self.interval_starts.push_back(totals);
        if self.interval_starts.len() > INTERVALS as usize {
            self.interval_starts.pop_front();
        }
        let since = |now: u64, then: u64| now.wrapping_sub(then);
        let requests = since(totals.requests, oldest.requests);
        if requests == 0 {
            return Measurement::default();
        }
        let micros = since(totals.micros, oldest.micros);
        Measurement {
            requests,
            error_rate: since(totals.errors, oldest.errors) as f64 / requests as f64,
            mean: Duration::from_micros(micros / requests),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(requests: u64, errors: u64, millis: u64) -> Totals {
        Totals { requests, errors, micros: millis * 1000 }
    }

    #[test]
    fn error_rate_and_mean_are_measured_within_the_window() {
        let mut window = Window::new(totals(100, 100, 1_000_000));

        let measurement = window.advance(totals(110, 101, 1_000_500));

        assert_eq!(
            measurement,
            Measurement { requests: 10, error_rate: 0.1, mean: Duration::from_millis(50) }
        );
    }

    #[test]
    fn requests_before_the_window_are_not_measured() {
        let mut window = Window::new(totals(0, 0, 0));
        window.advance(totals(10, 10, 0));

        let later: Vec<_> = (0..INTERVALS).map(|_| window.advance(totals(10, 10, 0))).collect();

        let (last, before) = later.split_last().unwrap();
        assert!(before.iter().all(|measurement| measurement.requests == 10));
        assert_eq!(*last, Measurement::default());
    }

    #[test]
    fn window_without_requests_has_no_errors() {
        assert_eq!(Window::new(totals(5, 5, 5)).advance(totals(5, 5, 5)), Measurement::default());
    }
}
