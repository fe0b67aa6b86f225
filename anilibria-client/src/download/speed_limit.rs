//! The speed limit of a download.

use std::time::Duration;

use crate::{RateLimit, client::rate_limit::RateLimiter};

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

    /// Returns the limiter of the segments of one download.
    pub(super) fn limiter(self) -> RateLimiter {
        RateLimiter::new(RateLimit::every(self.cost_of_start(), 1))
    }

    /// Returns the wait that the start of a segment adds before the next one.
    fn cost_of_start(self) -> Duration {
        match self {
            Self::SegmentsPerSecond(rate) => Duration::from_secs(1) / rate.max(1),
            Self::BytesPerSecond(_) | Self::Unlimited => Duration::ZERO,
        }
    }

    /// Returns the wait that `bytes` received bytes add before the next segment.
    pub(super) fn cost_of_bytes(self, bytes: usize) -> Duration {
        match self {
            Self::BytesPerSecond(rate) => {
                let nanos = (bytes as u128).saturating_mul(1_000_000_000) / u128::from(rate.max(1));
                Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            }
            Self::SegmentsPerSecond(_) | Self::Unlimited => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_sets_the_costs_of_segments_and_bytes() {
        assert_eq!(SpeedLimit::SegmentsPerSecond(4).cost_of_start(), Duration::from_millis(250));
        assert_eq!(SpeedLimit::BytesPerSecond(1000).cost_of_bytes(2500), Duration::from_millis(2500));
        assert_eq!(SpeedLimit::Unlimited.cost_of_bytes(usize::MAX), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn segments_start_at_even_intervals_and_idle_time_is_not_credited() {
        let limiter = SpeedLimit::SegmentsPerSecond(4).limiter();
        let start = tokio::time::Instant::now();
        tokio::time::sleep(Duration::from_secs(5)).await;

        for _ in 0..4 {
            limiter.acquire_unbounded().await;
        }

        assert_eq!(start.elapsed().as_millis() / 50 * 50, 5750);
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
            let limiter = limit.limiter();
            for _ in 0..3 {
                limiter.charge(limit.cost_of_bytes(usize::MAX));
                limiter.charge(Duration::MAX);
            }
        }
    }
}
