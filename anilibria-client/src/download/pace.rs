//! The speed limit of a download.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// The speed limit of a download. The stream hosts serve viewers first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpeedLimit {
    /// Number of segments that start per second, at even intervals. The default is 2. A segment holds several seconds of
    /// video, so the default is well above playback speed.
    SegmentsPerSecond(u32),
    /// Average number of bytes received per second. The wait follows each segment.
    BytesPerSecond(u64),
    /// No limit, for example for a host of your own.
    Unlimited,
}

impl Default for SpeedLimit {
    fn default() -> Self {
        Self::SegmentsPerSecond(2)
    }
}

impl SpeedLimit {
    pub(super) fn is_zero(self) -> bool {
        matches!(self, Self::SegmentsPerSecond(0) | Self::BytesPerSecond(0))
    }

    /// Returns the wait that the start of a segment adds before the next one.
    fn cost_of_start(self) -> Duration {
        match self {
            Self::SegmentsPerSecond(rate) => Duration::from_secs(1) / rate.max(1),
            Self::BytesPerSecond(_) | Self::Unlimited => Duration::ZERO,
        }
    }

    /// Returns the wait that `bytes` received bytes add before the next segment.
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

/// Schedules the starts of segments.
#[derive(Debug)]
pub(super) struct Pace {
    limit: SpeedLimit,
    next: Mutex<Instant>,
}

impl Pace {
    pub(super) fn new(limit: SpeedLimit) -> Self {
        Self { limit, next: Mutex::new(Instant::now()) }
    }

    /// Waits until the next segment may start.
    pub(super) async fn turn(&self) {
        let turn = self.delay_next(Instant::now(), self.limit.cost_of_start());
        sleep_until(turn).await;
    }

    /// Records `bytes` received bytes.
    pub(super) fn record(&self, bytes: usize) {
        self.delay_next(Instant::now(), self.limit.cost_of_bytes(bytes));
    }

    /// Returns the next start and delays the one after it by `cost`. Idle time is not credited.
    fn delay_next(&self, now: Instant, cost: Duration) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = now.max(*next);
        // A wait that overflows the clock is centuries long; without it the download is no less correct.
        *next = turn.checked_add(cost).unwrap_or(turn);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_start_at_even_intervals_and_idle_time_is_not_credited() {
        let pace = Pace::new(SpeedLimit::SegmentsPerSecond(4));
        let start = *pace.next.lock().unwrap();
        let at = |millis| start + Duration::from_millis(millis);
        let cost = pace.limit.cost_of_start();

        let turns: Vec<_> = [0, 0, 10, 5000, 5000].map(|now| pace.delay_next(at(now), cost)).to_vec();

        assert_eq!(turns, [0, 250, 500, 5000, 5250].map(at));
    }

    #[test]
    fn bytes_cost_the_time_they_may_take() {
        assert_eq!(SpeedLimit::BytesPerSecond(1000).cost_of_bytes(2500), Duration::from_millis(2500));
        assert_eq!(SpeedLimit::Unlimited.cost_of_bytes(usize::MAX), Duration::ZERO);
    }

    #[test]
    fn extreme_limits_do_not_overflow() {
        let extremes = [
            SpeedLimit::SegmentsPerSecond(u32::MAX),
            SpeedLimit::SegmentsPerSecond(0),
            SpeedLimit::BytesPerSecond(1),
            SpeedLimit::BytesPerSecond(0),
            SpeedLimit::BytesPerSecond(u64::MAX),
        ];
        for limit in extremes {
            let pace = Pace::new(limit);
            let now = Instant::now();
            let mut last = now;
            for _ in 0..3 {
                pace.delay_next(now, limit.cost_of_start());
                last = pace.delay_next(now, limit.cost_of_bytes(usize::MAX));
            }
            assert!(last >= now, "{limit:?}");
        }
    }
}
