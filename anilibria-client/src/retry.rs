//! When a failed call is tried again, and after how long.

use std::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use backoff::{ExponentialBackoff, ExponentialBackoffBuilder, backoff::Backoff as _};

use crate::error::Error;

/// When a failed call is tried again, and after how long: growing waits with jitter, or never.
///
/// Only reads are tried again. A write may have been applied before its answer was lost; it goes to another mirror
/// only if it never left. A wait that the service asks for (`Retry-After`) counts when it is the longer one, and a call
/// is not tried again when its deadline would come first.
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
    /// Waits that double from one retry to the next, each anything from half to one and a half of its length.
    ///
    /// Defaults: two retries, 200 milliseconds before the first, 10 seconds at most before another.
    pub fn exponential() -> Self {
        Self { max_retries: 2, first_delay: Duration::from_millis(200), max_delay: Duration::from_secs(10) }
    }

    /// No retries. Other mirrors are still asked.
    pub fn none() -> Self {
        Self { max_retries: 0, ..Self::exponential() }
    }

    /// How often a call is tried again. Each time every mirror that is well is asked.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// How long to wait before the first retry.
    pub fn first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    /// The longest wait before a retry, unless the service asks for a longer one.
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The longest wait that is not asked for by the service.
    #[cfg(all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32")))]
    pub(crate) fn longest_delay(&self) -> Duration {
        self.max_delay
    }

    /// The waits of one call.
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

/// The waits before the retries of one call.
pub(crate) struct Delays {
    left: u32,
    longest: Duration,
    backoff: ExponentialBackoff,
}

impl Delays {
    /// How long to wait before the next retry after `error`; `None` ends the call.
    pub(crate) fn after(&mut self, error: &Error) -> Option<Duration> {
        let delay = if again_may_help(error) { self.next_delay()? } else { return None };
        Some(delay.max(error.retry_after().unwrap_or_default()))
    }

    /// How long to wait before the next retry, whatever has failed; `None` when there is none left.
    pub(crate) fn next_delay(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        Some(self.backoff.next_backoff()?.min(self.longest))
    }
}

/// Whether the same request may succeed a little later. A block does not go away by asking again.
fn again_may_help(error: &Error) -> bool {
    match error {
        Error::AllMirrors(failures) => failures.iter().any(|failure| again_may_help(&failure.error)),
        Error::Blocked { .. } | Error::CircuitOpen { .. } => false,
        error => error.is_transient(),
    }
}

/// Bounds the retries of all calls together, so that a service that is down is not asked many times as often as one
/// that is up: one retry for ten calls, and a small stock for quiet times.
pub(crate) struct RetryBudget {
    /// In tenths of a retry.
    stock: AtomicU32,
}

impl RetryBudget {
    const RETRY: u32 = 10;
    const FULL: u32 = 20 * Self::RETRY;

    pub(crate) fn new() -> Self {
        Self { stock: AtomicU32::new(Self::FULL) }
    }

    /// A call was made.
    pub(crate) fn deposit(&self) {
        let add = |stock: u32| Some((stock + 1).min(Self::FULL));
        let _ = self.stock.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Whether there is a retry left; it is then spent.
    pub(crate) fn withdraw(&self) -> bool {
        let take = |stock: u32| stock.checked_sub(Self::RETRY);
        self.stock.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RetryBudget({} left)", self.stock.load(Ordering::Relaxed) / Self::RETRY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Error {
        Error::Status { status, message: String::new() }
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
    fn wait_that_the_service_asks_for_counts_when_it_is_longer() {
        let limited = Error::RateLimited { retry_after: Some(Duration::from_secs(7)) };

        assert_eq!(RetryPolicy::exponential().delays().after(&limited), Some(Duration::from_secs(7)));
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let delays = |error: &Error| RetryPolicy::exponential().delays().after(error);

        assert!(
            delays(&status(500)).is_some() && delays(&Error::Timeout { after: Duration::ZERO }).is_some()
        );
        assert!(delays(&status(418)).is_none() && delays(&Error::Blocked { status: 403 }).is_none());
        assert!(delays(&Error::NotFound { message: String::new() }).is_none());
    }

    #[test]
    fn budget_ends_and_comes_back_with_calls() {
        let budget = RetryBudget::new();

        let spent = (0..100).filter(|_| budget.withdraw()).count();
        (0..10).for_each(|_| budget.deposit());

        assert_eq!(spent, 20);
        assert!(budget.withdraw() && !budget.withdraw());
    }
}
