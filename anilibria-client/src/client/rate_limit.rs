//! The client's own rate limit, which spreads requests over time.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    Error, Result,
    runtime::{Instant, later, sleep},
};

/// Maximum rate of requests of a client, over all its clones and mirrors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The time between two requests in the long run.
    interval: Duration,
    /// Number of requests that may be sent at once after an idle time.
    burst: u32,
}

impl RateLimit {
    /// Allows `requests` per second in the long run, and as many at once after an idle time. At least one.
    pub fn per_second(requests: u32) -> Self {
        let requests = requests.max(1);
        Self { interval: Duration::from_secs(1) / requests, burst: requests }
    }

    /// Sets the number of requests that may be sent at once after an idle time. At least one.
    pub fn burst(mut self, requests: u32) -> Self {
        self.burst = requests.max(1);
        self
    }

    /// Allows one request per `interval`, and `burst` at once.
    #[cfg(any(
        test,
        feature = "download",
        all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32"))
    ))]
    pub(crate) fn every(interval: Duration, burst: u32) -> Self {
        Self { interval, burst: burst.max(1) }
    }
}

/// Limits a rate by the generic cell rate algorithm: the only state is the time at which the next turn is due.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    limit: RateLimit,
    due: Mutex<Option<Instant>>,
}

/// A turn that was reserved. Unless it is [kept](Self::keep), dropping it gives it back.
#[derive(Debug)]
#[must_use = "a turn that is dropped is given back"]
pub(crate) struct Turn<'l> {
    limiter: &'l RateLimiter,
    wait: Duration,
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self { limit, due: Mutex::new(None) }
    }

    /// Waits for a turn. A call that is dropped while it waits gives its turn back.
    ///
    /// # Errors
    ///
    /// [`Error::RateLimited`] at once if the turn would come after `deadline`.
    pub(crate) async fn turn(&self, deadline: Instant) -> Result<()> {
        let now = Instant::now();
        let turn = self.reserve(now, deadline.saturating_duration_since(now));
        let turn = turn.map_err(|wait| Error::RateLimited { retry_after: Some(wait) })?;
        if !turn.wait.is_zero() {
            sleep(turn.wait).await;
        }
        turn.keep();
        Ok(())
    }

    /// Waits for a turn, however long that takes.
    #[cfg(feature = "download")]
    pub(crate) async fn wait(&self) {
        if let Ok(turn) = self.reserve(Instant::now(), Duration::MAX) {
            sleep(turn.wait).await;
            turn.keep();
        }
    }

    /// Reserves a turn if one is free now.
    pub(crate) fn try_turn(&self) -> Option<Turn<'_>> {
        self.reserve(Instant::now(), Duration::ZERO).ok()
    }

    /// Delays the next turn by `cost`, in addition to the interval of the limit.
    #[cfg(any(feature = "download", test))]
    pub(crate) fn charge(&self, cost: Duration) {
        let now = Instant::now();
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        *due = Some(later(due.map_or(now, |due| due.max(now)), cost));
    }

    /// Returns the time at which a turn is free, in the past if it is free now: a timer for the present would wait for the
    /// next millisecond.
    #[cfg(all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32")))]
    pub(crate) fn ready_at(&self) -> Instant {
        let due = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let due = due.unwrap_or_else(Instant::now);
        due.checked_sub(self.slack()).unwrap_or(due)
    }

    /// Takes the next turn, which the caller has waited for.
    #[cfg(all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32")))]
    pub(crate) fn spend(&self) {
        if let Ok(turn) = self.reserve(Instant::now(), Duration::MAX) {
            turn.keep();
        }
    }

    /// Returns the number of turns that are free now.
    pub(crate) fn left(&self) -> u32 {
        self.left_at(Instant::now())
    }

    fn left_at(&self, now: Instant) -> u32 {
        let due = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now));
        let taken = ahead.as_nanos().div_ceil(self.limit.interval.as_nanos().max(1));
        self.limit.burst.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX))
    }

    /// The time by which a burst may be ahead of the long-run rate.
    fn slack(&self) -> Duration {
        self.limit.interval.saturating_mul(self.limit.burst - 1)
    }

    /// Reserves a turn. Returns its wait as the error if that is longer than `most`.
    fn reserve(&self, now: Instant, most: Duration) -> Result<Turn<'_>, Duration> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let next = due.map_or(now, |due| due.max(now));
        let wait = (next - now).saturating_sub(self.slack());
        if wait > most {
            return Err(wait);
        }
        *due = Some(later(next, self.limit.interval));
        Ok(Turn { limiter: self, wait })
    }
}

impl Turn<'_> {
    /// Uses the turn.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut due = self.limiter.due.lock().unwrap_or_else(PoisonError::into_inner);
        *due = due.and_then(|due| due.checked_sub(self.limiter.limit.interval));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    fn waits(limiter: &RateLimiter, now: Instant, requests: usize) -> Vec<u128> {
        let reserve = |_| {
            let turn = limiter.reserve(now, LONG).unwrap();
            let wait = turn.wait.as_millis();
            turn.keep();
            wait
        };
        (0..requests).map(reserve).collect()
    }

    #[test]
    fn a_burst_is_sent_at_once_and_the_rest_at_the_rate() {
        let limiter = RateLimiter::new(RateLimit::per_second(10).burst(3));

        assert_eq!(waits(&limiter, Instant::now(), 6), [0, 0, 0, 100, 200, 300]);
    }

    #[test]
    fn an_idle_time_restores_the_burst_and_no_more() {
        let (limiter, now) = (RateLimiter::new(RateLimit::per_second(10).burst(2)), Instant::now());
        waits(&limiter, now, 4);

        assert_eq!(waits(&limiter, now + LONG, 3), [0, 0, 100]);
    }

    #[test]
    fn free_turns_are_counted() {
        let (limiter, now) = (RateLimiter::new(RateLimit::per_second(10).burst(3)), Instant::now());

        let before = limiter.left_at(now);
        waits(&limiter, now, 2);

        assert_eq!((before, limiter.left_at(now), limiter.left_at(now + LONG)), (3, 1, 3));
        waits(&limiter, now, 9);
        assert_eq!(limiter.left_at(now), 0);
    }

    #[test]
    fn a_request_that_would_wait_too_long_takes_no_turn() {
        let (limiter, now) = (RateLimiter::new(RateLimit::per_second(1)), Instant::now());
        waits(&limiter, now, 1);

        let refused = limiter.reserve(now, Duration::from_millis(500)).map(Turn::keep);

        assert_eq!(refused, Err(Duration::from_secs(1)));
        assert_eq!(waits(&limiter, now, 1), [1000]);
    }

    #[test]
    fn a_dropped_turn_is_given_back() {
        let (limiter, now) = (RateLimiter::new(RateLimit::per_second(1)), Instant::now());
        waits(&limiter, now, 1);

        for _ in 0..100 {
            drop(limiter.reserve(now, LONG).unwrap());
        }

        assert_eq!(waits(&limiter, now, 1), [1000]);
    }

    #[test]
    fn no_charge_overflows_the_clock() {
        let limiter = RateLimiter::new(RateLimit::every(Duration::MAX, u32::MAX));

        limiter.charge(Duration::MAX);
        limiter.charge(Duration::MAX);

        assert!(limiter.try_turn().is_some(), "the burst covers any charge");
    }
}
