//! Rate limit of a client: delays its own requests so that the service is not overloaded.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    Error, Result,
    runtime::{Instant, later, sleep},
};

/// Maximum rate of requests of a client, over all its clones and mirrors.
///
/// ```
/// use anilibria_client::{Client, RateLimit};
///
/// // 10 requests per second in the long run, and up to 30 at once after an idle time.
/// let client = Client::builder().rate_limit(RateLimit::per_second(10).burst(30)).build()?;
///
/// assert_eq!(client.calls_left(), 30);
/// # Ok::<_, anilibria_client::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Time between two requests in the long run.
    interval: Duration,
    /// Number of requests that may be sent at once after an idle time.
    burst: u32,
}

impl RateLimit {
    /// Creates a limit of `requests` per second in the long run, with a burst of the same number. Zero counts as one.
    pub fn per_second(requests: u32) -> Self {
        let requests = requests.max(1);
        Self { interval: Duration::from_secs(1) / requests, burst: requests }
    }

    /// Sets the number of requests that may be sent at once after an idle time. Zero counts as one.
    pub fn burst(mut self, requests: u32) -> Self {
        self.burst = requests.max(1);
        self
    }

    /// Creates a limit of one request per `interval`, and `burst` requests at once after an idle time.
    #[cfg(any(
        test,
        feature = "download",
        all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32"))
    ))]
    pub(crate) fn every(interval: Duration, burst: u32) -> Self {
        Self { interval, burst: burst.max(1) }
    }
}

/// A rate limiter that uses the generic cell rate algorithm (GCRA). Its only state is the theoretical arrival time of the
/// next request, `due`. A request may be sent up to [`slack`](Self::slack) before `due`, which allows bursts.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    limit: RateLimit,
    due: Mutex<Option<Instant>>,
}

/// Reservation for one request, to be sent after `wait`. A reservation that is dropped before [`commit`](Self::commit) is
/// released, so that a cancelled call uses nothing of the limit.
#[derive(Debug)]
#[must_use = "a reservation that is dropped is released"]
pub(crate) struct Reservation<'l> {
    limiter: &'l RateLimiter,
    wait: Duration,
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self { limit, due: Mutex::new(None) }
    }

    /// Waits until a request may be sent.
    ///
    /// # Errors
    ///
    /// [`Error::RateLimited`], without waiting, if that time is after `deadline`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future releases the reservation.
    pub(crate) async fn acquire(&self, deadline: Instant) -> Result<()> {
        let now = Instant::now();
        let reservation = self.reserve(now, deadline.saturating_duration_since(now));
        let reservation = reservation.map_err(|wait| Error::RateLimited { retry_after: Some(wait) })?;
        if !reservation.wait.is_zero() {
            sleep(reservation.wait).await;
        }
        reservation.commit();
        Ok(())
    }

    /// Waits until a request may be sent, without a deadline.
    #[cfg(feature = "download")]
    pub(crate) async fn acquire_unbounded(&self) {
        if let Ok(reservation) = self.reserve(Instant::now(), Duration::MAX) {
            sleep(reservation.wait).await;
            reservation.commit();
        }
    }

    /// Returns a reservation if a request may be sent now.
    pub(crate) fn try_acquire(&self) -> Option<Reservation<'_>> {
        self.reserve(Instant::now(), Duration::ZERO).ok()
    }

    /// Delays the next request by `cost`, in addition to the interval of the limit.
    #[cfg(any(feature = "download", test))]
    pub(crate) fn charge(&self, cost: Duration) {
        let now = Instant::now();
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        *due = Some(later(due.map_or(now, |due| due.max(now)), cost));
    }

    /// Returns the time from which the next request may be sent. It is in the past if that is now, because a timer for the
    /// present would wait for the next millisecond.
    #[cfg(all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32")))]
    pub(crate) fn ready_at(&self) -> Instant {
        let due = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let due = due.unwrap_or_else(Instant::now);
        due.checked_sub(self.slack()).unwrap_or(due)
    }

    /// Counts a request. The caller must have waited until [`ready_at`](Self::ready_at).
    #[cfg(all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32")))]
    pub(crate) fn consume(&self) {
        if let Ok(reservation) = self.reserve(Instant::now(), Duration::MAX) {
            reservation.commit();
        }
    }

    /// Returns the number of requests that may be sent now.
    pub(crate) fn available(&self) -> u32 {
        self.available_at(Instant::now())
    }

    fn available_at(&self, now: Instant) -> u32 {
        let due = *self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = due.map_or(Duration::ZERO, |due| due.saturating_duration_since(now));
        let taken = ahead.as_nanos().div_ceil(self.limit.interval.as_nanos().max(1));
        self.limit.burst.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX))
    }

    /// Returns the maximum time by which a burst may be ahead of the long-run rate.
    fn slack(&self) -> Duration {
        self.limit.interval.saturating_mul(self.limit.burst - 1)
    }

    /// Reserves the next request. If its wait would be longer than `max_wait`, reserves nothing and returns the wait as the
    /// error.
    fn reserve(&self, now: Instant, max_wait: Duration) -> Result<Reservation<'_>, Duration> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let next = due.map_or(now, |due| due.max(now));
        let wait = (next - now).saturating_sub(self.slack());
        if wait > max_wait {
            return Err(wait);
        }
        *due = Some(later(next, self.limit.interval));
        Ok(Reservation { limiter: self, wait })
    }
}

impl Reservation<'_> {
    /// Uses the reservation for a request.
    pub(crate) fn commit(self) {
        std::mem::forget(self);
    }
}

impl Drop for Reservation<'_> {
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
            let reservation = limiter.reserve(now, LONG).unwrap();
            let wait = reservation.wait.as_millis();
            reservation.commit();
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
    fn available_requests_are_counted() {
        let (limiter, now) = (RateLimiter::new(RateLimit::per_second(10).burst(3)), Instant::now());

        let before = limiter.available_at(now);
        waits(&limiter, now, 2);

        assert_eq!((before, limiter.available_at(now), limiter.available_at(now + LONG)), (3, 1, 3));
        waits(&limiter, now, 9);
        assert_eq!(limiter.available_at(now), 0);
    }

    #[test]
    fn request_that_would_wait_too_long_reserves_nothing() {
        let (limiter, now) = (RateLimiter::new(RateLimit::per_second(1)), Instant::now());
        waits(&limiter, now, 1);

        let refused = limiter.reserve(now, Duration::from_millis(500)).map(Reservation::commit);

        assert_eq!(refused, Err(Duration::from_secs(1)));
        assert_eq!(waits(&limiter, now, 1), [1000]);
    }

    #[test]
    fn dropped_reservation_is_released() {
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

        assert!(limiter.try_acquire().is_some(), "the burst covers any charge");
    }
}
