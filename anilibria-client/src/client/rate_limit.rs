//! The client's own rate limit: a polite caller spreads its calls.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    Error, Result,
    runtime::{Instant, sleep},
};

/// How many calls a client makes at most, over all its clones and mirrors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The time between two calls in the long run.
    interval: Duration,
    /// How many calls may be made at once after a quiet time.
    burst: u32,
}

impl RateLimit {
    /// So many calls a second in the long run, and as many at once after a quiet time. At least one.
    pub fn per_second(calls: u32) -> Self {
        let calls = calls.max(1);
        Self { interval: Duration::from_secs(1) / calls, burst: calls }
    }

    /// How many calls may be made at once after a quiet time. At least one.
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = calls.max(1);
        self
    }
}

/// Keeps to a rate by the generic cell rate algorithm: it remembers only when the next call would be due.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    limit: RateLimit,
    due: Mutex<Option<Instant>>,
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self { limit, due: Mutex::new(None) }
    }

    /// Waits for this call's turn; fails at once when that comes after `deadline`.
    pub(crate) async fn turn(&self, deadline: Instant) -> Result<()> {
        let now = Instant::now();
        let wait = self.reserve(now, deadline.saturating_duration_since(now));
        let wait = wait.map_err(|wait| Error::RateLimited { retry_after: Some(wait) })?;
        if !wait.is_zero() {
            sleep(wait).await;
        }
        Ok(())
    }

    /// How many calls may be made at once now.
    pub(super) fn left(&self) -> u32 {
        self.left_at(Instant::now())
    }

    fn left_at(&self, now: Instant) -> u32 {
        let due = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now));
        let taken = ahead.as_nanos().div_ceil(self.limit.interval.as_nanos().max(1));
        self.limit.burst.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX))
    }

    /// How long to wait for a turn, which is then taken; an error, and no turn, when it would be over `most`.
    fn reserve(&self, now: Instant, most: Duration) -> Result<Duration, Duration> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let RateLimit { interval, burst } = self.limit;
        let next = due.map_or(now, |due| due.max(now));
        let wait = (next - now).saturating_sub(interval * (burst - 1));
        if wait > most {
            return Err(wait);
        }
        *due = Some(next + interval);
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn waits(limiter: &RateLimiter, now: Instant, calls: usize) -> Vec<u128> {
        (0..calls).map(|_| limiter.reserve(now, LONG).unwrap().as_millis()).collect()
    }

    #[test]
    fn burst_goes_out_at_once_and_the_rest_at_the_rate() {
        let limiter = RateLimiter::new(RateLimit::per_second(10).burst(3));

        assert_eq!(waits(&limiter, Instant::now(), 6), [0, 0, 0, 100, 200, 300]);
    }

    #[test]
    fn quiet_time_brings_the_burst_back_and_no_more() {
        let (limiter, now) = (RateLimiter::new(RateLimit::per_second(10).burst(2)), Instant::now());
        waits(&limiter, now, 4);

        assert_eq!(waits(&limiter, now + LONG, 3), [0, 0, 100]);
    }

    #[test]
    fn calls_that_may_be_made_at_once_are_told() {
        let (limiter, now) = (RateLimiter::new(RateLimit::per_second(10).burst(3)), Instant::now());

        let before = limiter.left_at(now);
        waits(&limiter, now, 2);

        assert_eq!((before, limiter.left_at(now), limiter.left_at(now + LONG)), (3, 1, 3));
        waits(&limiter, now, 9);
        assert_eq!(limiter.left_at(now), 0);
    }

    #[test]
    fn call_that_would_wait_too_long_takes_no_turn() {
        let (limiter, now) = (RateLimiter::new(RateLimit::per_second(1)), Instant::now());
        waits(&limiter, now, 1);

        let refused = limiter.reserve(now, Duration::from_millis(500));

        assert_eq!(refused, Err(Duration::from_secs(1)));
        assert_eq!(limiter.reserve(now, LONG), Ok(Duration::from_secs(1)));
    }
}
