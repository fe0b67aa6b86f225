//! Delays between connections, and errors after which there is no reconnect.

use std::time::Duration;

use crate::{
    Error,
    retry::{Delays, RetryPolicy, capped_wait},
};

/// Returns a policy with unlimited retries, with delays from 500 milliseconds to 30 seconds and jitter.
pub(crate) fn endless_backoff() -> RetryPolicy {
    let policy = RetryPolicy::exponential().max_retries(u32::MAX);
    policy.first_delay(Duration::from_millis(500)).max_delay(Duration::from_secs(30))
}

/// The delays between connections.
pub(crate) struct ReconnectDelays {
    policy: RetryPolicy,
    delays: Delays,
}

impl ReconnectDelays {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { delays: policy.delays(), policy }
    }

    /// Returns the delay before the next attempt, after a connection of duration `lasted` ended with `error`; `None` if there
    /// is no further attempt.
    pub(crate) fn next_delay(&mut self, error: &Error, lasted: Duration) -> Option<Duration> {
        // Without this condition, a service that accepts and closes connections at once would be tried at full speed.
        if lasted >= self.policy.longest_delay() {
            self.delays = self.policy.delays();
        }
        let wait = if is_retryable(error) { self.delays.next_delay() } else { None };
        wait.map(|wait| retry_delay(wait, self.policy.longest_delay(), error))
    }
}

impl std::fmt::Debug for ReconnectDelays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReconnectDelays").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Returns the delay before the next attempt: longer than `wait` if the service is overloaded or has blocked the client, and at
/// least as long as the service requests.
fn retry_delay(wait: Duration, longest: Duration, error: &Error) -> Duration {
    let wait = match error {
        Error::Closed { code: 1008 | 1013, .. } | Error::Blocked { .. } | Error::RateLimited { .. } => {
            wait.max(longest / 2 + wait / 2)
        }
        _ => wait,
    };
    wait.max(capped_wait(error.retry_after().unwrap_or_default()))
}

/// Returns true if another connection may succeed.
fn is_retryable(error: &Error) -> bool {
    error.is_transient() || matches!(error, Error::TooLarge { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overloaded_service_gets_longer_delays_and_retry_after_is_limited() {
        let wait =
            |error: &Error| retry_delay(Duration::from_secs(2), Duration::from_secs(30), error).as_secs();
        let closed = |code| wait(&Error::Closed { code, reason: String::new() });
        let limited = |seconds| wait(&Error::RateLimited { retry_after: Some(Duration::from_secs(seconds)) });

        assert_eq!([1001, 1008, 1013].map(closed), [2, 16, 16]);
        assert_eq!([1, 60, 86_400].map(limited), [16, 60, 900]);
    }

    #[test]
    fn only_transient_errors_are_retried() {
        let status = |status| Error::Status { status, message: String::new() };

        assert!(is_retryable(&status(502)) && is_retryable(&Error::TooLarge { limit: 1 }));
        assert!(is_retryable(&Error::Closed { code: 1008, reason: String::new() }));
        assert!(!is_retryable(&status(400)) && !is_retryable(&Error::NotFound { message: String::new() }));
    }

    #[test]
    fn attempts_are_reset_after_a_long_connection() {
        let policy = RetryPolicy::exponential().max_retries(1).max_delay(Duration::from_secs(1));
        let mut reconnects = ReconnectDelays::new(policy);
        let (error, short, long) = (Error::interrupted("it broke"), Duration::ZERO, Duration::from_secs(1));

        let waits = [short, short, long, short].map(|lasted| reconnects.next_delay(&error, lasted).is_some());

        assert_eq!(waits, [true, false, true, false]);
    }
}
