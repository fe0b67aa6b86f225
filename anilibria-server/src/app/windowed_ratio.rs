//! Ratio of two counters over the last minutes.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Length of the window.
const WINDOW: Duration = Duration::from_mins(5);

/// Minimum time between two stored samples.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(10);

/// Share of all events in the last five minutes that were of a certain kind. It is computed from totals since the start, which
/// may be sampled at any time.
#[derive(Debug)]
pub(super) struct WindowedRatio {
    /// Samples, oldest first. New totals are compared with the oldest sample.
    samples: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Instant,
    part: u64,
    total: u64,
}

impl WindowedRatio {
    /// Creates the ratio of counters that were zero at `at`.
    pub(super) fn since(at: Instant) -> Self {
        Self { samples: VecDeque::from([Sample { at, part: 0, total: 0 }]) }
    }

    /// Adds the totals at the time `at`, and returns the ratio over the window, from 0 to 1; `None` if there were no events.
    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more digits than an f64 has")]
    pub(super) fn update(&mut self, at: Instant, part: u64, total: u64) -> Option<f64> {
        // The last sample before the window has the totals of the start of the window.
        while self.samples.get(1).is_some_and(|next| at.duration_since(next.at) >= WINDOW) {
            self.samples.pop_front();
        }
        let before = self.samples.front().copied()?;
        if self.samples.back().is_none_or(|last| at.duration_since(last.at) >= SAMPLE_INTERVAL) {
            self.samples.push_back(Sample { at, part, total });
        }
        let (part, total) = (part.saturating_sub(before.part), total.saturating_sub(before.total));
        (total > 0).then(|| part as f64 / total as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn window_begins_at_the_start_at_first() {
        let start = Instant::now();
        let mut ratio = WindowedRatio::since(start);

        assert_eq!(ratio.update(start, 0, 0), None);
        assert_eq!(ratio.update(start + MINUTE, 3, 4), Some(0.75));
    }

    #[test]
    fn events_before_the_window_do_not_count() {
        let start = Instant::now();
        let mut ratio = WindowedRatio::since(start);
        let ratios: Vec<_> = (0..=10).map(|minute| ratio.update(start + minute * MINUTE, 100, 100)).collect();

        let now = ratio.update(start + 11 * MINUTE, 101, 104);

        assert_eq!(ratios[5..], [Some(1.0), None, None, None, None, None]);
        assert_eq!(now, Some(0.25));
    }

    #[test]
    fn number_of_samples_is_limited() {
        let start = Instant::now();
        let mut ratio = WindowedRatio::since(start);

        for second in 0..3600 {
            ratio.update(start + Duration::from_secs(second), second, second);
        }

        assert!(ratio.samples.len() <= 32, "{}", ratio.samples.len());
    }
}
