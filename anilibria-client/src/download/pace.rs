//! How fast a download may go.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// How fast a download may go. The hosts of the streams serve viewers first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimit {
    /// So many segments begin in a second, at even distances. The default, with 2: some seconds of video a segment, it
    /// is well above the speed of watching.
    SegmentsPerSecond(u32),
    /// So many bytes come in a second, over all; a segment is waited for once it is there.
    BytesPerSecond(u64),
    /// As fast as it goes. For hosts of one's own.
    Unlimited,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::SegmentsPerSecond(2)
    }
}

impl RateLimit {
    pub(super) fn is_zero(self) -> bool {
        matches!(self, Self::SegmentsPerSecond(0) | Self::BytesPerSecond(0))
    }

    /// How long the next segment has to wait for one that begins.
    fn cost_of_start(self) -> Duration {
        match self {
            Self::SegmentsPerSecond(rate) => Duration::from_secs(1) / rate.max(1),
            Self::BytesPerSecond(_) | Self::Unlimited => Duration::ZERO,
        }
    }

    /// How long the next segment has to wait for one that came.
    fn cost_of_bytes(self, bytes: usize) -> Duration {
        match self {
            Self::BytesPerSecond(rate) => {
                let nanos = (bytes as u128).saturating_mul(1_000_000_000) / u128::from(rate.max(1));
                Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            }
            Self::SegmentsPerSecond(_) | Self::Unlimited => Duration::ZERO,
        }
    }
}

/// Gives segments their turn.
#[derive(Debug)]
pub(super) struct Pace {
    limit: RateLimit,
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self { limit, next: Mutex::new(Instant::now()) }
    }

    /// Waits until a segment may begin.
    pub(super) async fn turn(&self) {
        let turn = self.delay_next(Instant::now(), self.limit.cost_of_start());
        sleep_until(turn).await;
    }

    /// Counts what came.
    pub(super) fn came(&self, bytes: usize) {
        self.delay_next(Instant::now(), self.limit.cost_of_bytes(bytes));
    }

    /// Takes the next turn and puts the one after it off by `cost`. A pause is not made up for by haste.
    fn delay_next(&self, now: Instant, cost: Duration) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = now.max(*next);
        // A wait beyond what a clock can tell is a century of bytes: any limit will do.
        *next = turn.checked_add(cost).unwrap_or(turn);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_begin_at_even_distances_and_pauses_are_not_made_up_for() {
        let pace = Pace::new(RateLimit::SegmentsPerSecond(4));
        let start = *pace.next.lock().unwrap();
        let at = |millis| start + Duration::from_millis(millis);
        let cost = pace.limit.cost_of_start();

        let turns: Vec<_> = [0, 0, 10, 5000, 5000].map(|now| pace.delay_next(at(now), cost)).to_vec();

        assert_eq!(turns, [0, 250, 500, 5000, 5250].map(at));
    }

    #[test]
    fn bytes_cost_the_time_they_may_take() {
        assert_eq!(RateLimit::BytesPerSecond(1000).cost_of_bytes(2500), Duration::from_millis(2500));
        assert_eq!(RateLimit::Unlimited.cost_of_bytes(usize::MAX), Duration::ZERO);
    }
}
