//! Retries: their number, their delays, and their budget.

use std::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use backoff::{ExponentialBackoff, ExponentialBackoffBuilder, backoff::Backoff as _};

use crate::error::Error;

/// Maximum wait that a `Retry-After` of the service can cause.
const MAX_WAIT: Duration = Duration::from_mins(15);

/// Returns `wait`, limited to 15 minutes. Applied to every wait that the service requests.
pub(crate) fn capped_wait(wait: Duration) -> Duration {
    wait.min(MAX_WAIT)
}

/// Number of retries of a failed call, and their delays, which grow exponentially with jitter.
///
/// - Reads are retried after transient errors: timeouts, network errors, status 429, and statuses from 500.
/// - A write is retried only if the service certainly did not process it: no connection, or status 429.
/// - A longer wait that the service requests (`Retry-After`, at most 15 minutes) replaces the delay.
/// - A call is not retried after a block page (it tries the other mirrors), if all circuits are open, or if its deadline would
///   come before the retry.
/// - All calls of a client share a budget of one additional request for ten calls, with a reserve of 20.
///
/// ```
/// use std::time::Duration;
///
/// use anilibria_client::{Client, RetryPolicy};
///
/// let patient = RetryPolicy::exponential().max_retries(4).max_delay(Duration::from_secs(30));
/// let client = Client::builder().retry(patient).build()?;
/// # Ok::<_, anilibria_client::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    max_retries: u32,
    first_delay: Duration,
    max_delay: Duration,
}

impl RetryPolicy {
    /// Doubles the delay from one retry to the next, with a jitter of ± 50 %.
    ///
    /// Defaults: two retries, 200 milliseconds before the first, at most 10 seconds before another.
    pub fn exponential() -> Self {
        Self { max_retries: 2, first_delay: Duration::from_millis(200), max_delay: Duration::from_secs(10) }
    }

    /// Disables retries. A call still tries other mirrors.
    pub fn none() -> Self {
        Self { max_retries: 0, ..Self::exponential() }
    }

    /// Sets the maximum number of retries. Default: 2. Each retry tries the mirrors again, until one sends a usable response.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Sets the delay before the first retry. Default: 200 milliseconds.
    pub fn first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    /// Sets the maximum delay before a retry. Default: 10 seconds. A longer wait that the service requests takes precedence.
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Returns the maximum delay, without the waits that the service requests.
    #[cfg(all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32")))]
    pub(crate) fn longest_delay(&self) -> Duration {
        self.max_delay
    }

    /// Returns the delays of one call.
    pub(crate) fn delays(&self) -> Delays {
        let backoff = ExponentialBackoffBuilder::new()
            .with_initial_interval(self.first_delay.min(self.max_delay))
            .with_max_interval(self.max_delay)
            .with_multiplier(2.0)
            .with_max_elapsed_time(None)
            .build();
        Delays { left: self.max_retries, longest: self.max_delay, backoff }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::exponential()
    }
}

/// Delays before the retries of one call.
pub(crate) struct Delays {
    left: u32,
    longest: Duration,
    backoff: ExponentialBackoff,
}

impl Delays {
    /// Returns the delay before the next retry after `error`; `None` if the call must not be retried.
    pub(crate) fn after(&mut self, error: &Error) -> Option<Duration> {
        let delay = if is_retryable(error) { self.next_delay()? } else { return None };
        Some(delay.max(capped_wait(error.retry_after().unwrap_or_default())))
    }

    /// Returns the delay before the next retry; `None` after the last one.
    pub(crate) fn next_delay(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        Some(self.backoff.next_backoff()?.min(self.longest))
    }
}

/// Returns true if the same request may succeed after a short wait. A block by a firewall does not end by itself, and an open
/// circuit stays open for longer than a retry waits.
fn is_retryable(error: &Error) -> bool {
    match error {
        Error::AllMirrors(failures) => failures.iter().any(|failure| is_retryable(&failure.error)),
        Error::Blocked { .. } | Error::CircuitOpen { .. } => false,
        error => error.is_transient(),
    }
}

/// Budget of additional requests (retries and hedges) of all calls of a client: one for ten calls, with a reserve of 20. Without
/// it, a service that is down would receive a multiple of its usual load.
pub(crate) struct RetryBudget {
    /// Available budget, in tenths of a request.
    tenths: AtomicU32,
}

impl RetryBudget {
    const RETRY: u32 = 10;
    const FULL: u32 = 20 * Self::RETRY;

    pub(crate) fn new() -> Self {
        Self { tenths: AtomicU32::new(Self::FULL) }
    }

    /// Adds a tenth of a request to the budget, for one call.
    pub(crate) fn deposit(&self) {
        let add = |tenths: u32| Some((tenths + 1).min(Self::FULL));
        let _ = self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Takes one request from the budget. Returns false if the budget is empty.
    pub(crate) fn withdraw(&self) -> bool {
        let take = |tenths: u32| tenths.checked_sub(Self::RETRY);
        self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RetryBudget({} left)", self.tenths.load(Ordering::Relaxed) / Self::RETRY)
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn status(status: u16) -> Error {
        Error::Status { status, message: String::new() }
    }

    fn timeout() -> Error {
        Error::Timeout { host: String::new(), after: Duration::ZERO }
    }

    fn blocked() -> Error {
        Error::blocked(StatusCode::FORBIDDEN)
    }

    #[test]
    fn waits_double_within_their_jitter_and_end() {
        let policy = RetryPolicy::exponential().max_retries(5).max_delay(Duration::from_secs(1));
        let mut delays = policy.delays();

        for expected in [200, 400, 800, 1000, 1000] {
            let delay = delays.after(&status(503)).unwrap().as_millis();

            assert!((expected / 2..=expected * 3 / 2).contains(&delay), "{delay} ms for {expected} ms");
        }
        assert_eq!(delays.after(&status(503)), None);
    }

    #[test]
    fn longer_wait_that_the_service_requests_replaces_the_delay() {
        let limited = Error::RateLimited { retry_after: Some(Duration::from_secs(7)) };

        assert_eq!(RetryPolicy::exponential().delays().after(&limited), Some(Duration::from_secs(7)));
    }

    #[test]
    fn wait_that_the_service_requests_is_at_most_15_minutes() {
        let limited = Error::RateLimited { retry_after: Some(Duration::MAX) };

        assert_eq!(RetryPolicy::exponential().delays().after(&limited), Some(MAX_WAIT));
    }

    #[test]
    fn only_transient_errors_are_retried() {
        let delays = |error: &Error| RetryPolicy::exponential().delays().after(error);

        assert!(delays(&status(500)).is_some() && delays(&timeout()).is_some());
        assert!(delays(&status(418)).is_none() && delays(&blocked()).is_none());
        assert!(delays(&Error::NotFound { message: String::new() }).is_none());
    }

    #[test]
    fn budget_is_limited_and_grows_with_calls() {
        let budget = RetryBudget::new();

        let spent = (0..100).filter(|_| budget.withdraw()).count();
        (0..10).for_each(|_| budget.deposit());

        assert_eq!(spent, 20);
        assert!(budget.withdraw() && !budget.withdraw());
    }
}
