//! A share of what happened, over the last minutes.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How long something counts.
const WINDOW: Duration = Duration::from_mins(5);

/// Looks that come sooner after another are not remembered.
const STEP: Duration = Duration::from_secs(10);

/// Which share of all that happened in the last minutes was of a certain kind. It is told what has been counted since the
/// start, at whatever times somebody looks.
#[derive(Debug)]
pub(super) struct RecentShare {
    /// The oldest first, which is what the last look is compared with.
    looks: VecDeque<Look>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Instant,
    some: u64,
    all: u64,
}

impl RecentShare {
    /// Nothing has happened before `at`.
    pub(super) fn since(at: Instant) -> Self {
        Self { looks: VecDeque::from([Look { at, some: 0, all: 0 }]) }
    }

    /// The share, 0 to 1, when at the time `at` it has come to `some` of `all`; `None` when nothing happened lately.
    #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits than an f64 has")]
    pub(super) fn look(&mut self, at: Instant, some: u64, all: u64) -> Option<f64> {
        // The last one before the window tells how much of it was there when the window began.
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
