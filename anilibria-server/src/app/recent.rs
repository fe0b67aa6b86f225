//! Share of events of one kind over the last minutes.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Length of the window.
const WINDOW: Duration = Duration::from_mins(5);

/// Minimum time between two stored samples.
const STEP: Duration = Duration::from_secs(10);

/// Share of all events in the last minutes that were of a certain kind. It is computed from totals since the start, which
/// may be sampled at any time.
#[derive(Debug)]
pub(super) struct RecentShare {
    /// Samples, oldest first. The latest one is compared with the oldest.
    looks: VecDeque<Look>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Instant,
    some: u64,
    all: u64,
}

impl RecentShare {
    /// Creates the share for counters that were zero at `at`.
    pub(super) fn since(at: Instant) -> Self {
        Self { looks: VecDeque::from([Look { at, some: 0, all: 0 }]) }
    }

    /// Returns the share, 0 to 1, when the totals at `at` are `some` of `all`; `None` if there were no events in the window.
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits than an f64 has")]
    pub(super) fn look(&mut self, at: Instant, some: u64, all: u64) -> Option<f64> {
        // The last sample before the window holds the totals at the start of the window.
        while self.looks.get(1).is_some_and(|next| at.duration_since(next.at) >= WINDOW) {
            self.looks.pop_front();
        }
        let before = self.looks.front().copied()?;
        if self.looks.back().is_none_or(|last| at.duration_since(last.at) >= STEP) {
            self.looks.push_back(Look { at, some, all });
        }
        let (some, all) = (some.saturating_sub(before.some), all.saturating_sub(before.all));
        (all > 0).then(|| some as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn what_has_happened_since_the_start_counts_at_first() {
        let start = Instant::now();
        let mut share = RecentShare::since(start);

        assert_eq!(share.look(start, 0, 0), None);
        assert_eq!(share.look(start + MINUTE, 3, 4), Some(0.75));
    }

    #[test]
    fn only_the_last_minutes_count() {
        let start = Instant::now();
        let mut share = RecentShare::since(start);
        let shares: Vec<_> = (0..=10).map(|minute| share.look(start + minute * MINUTE, 100, 100)).collect();

        let now = share.look(start + 11 * MINUTE, 101, 104);

        assert_eq!(shares[5..], [Some(1.0), None, None, None, None, None]);
        assert_eq!(now, Some(0.25));
    }

    #[test]
    fn however_often_somebody_looks_not_more_is_remembered() {
        let start = Instant::now();
        let mut share = RecentShare::since(start);

        for second in 0..3600 {
            share.look(start + Duration::from_secs(second), second, second);
        }

        assert!(share.looks.len() <= 32, "{}", share.looks.len());
    }
}
