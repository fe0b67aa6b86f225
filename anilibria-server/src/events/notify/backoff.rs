//! Delays before retries.

use std::time::Duration;

/// Delay before the outbox store is read or written again.
pub(super) const STORE_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Maximum delay between two attempts, before jitter. `Retry-After` of the Node service can extend it.
const MAX_DELAY: Duration = Duration::from_mins(10);

/// Maximum value of `Retry-After` that is respected.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// Returns the delay after `tries` attempts, at least one. The delay after the first attempt is `first`. It doubles with each
/// further attempt, varies by 25 % at random, and is at least `retry_after` or an hour, whichever is shorter.
pub(super) fn delay(tries: usize, first: Duration, retry_after: Option<Duration>) -> Duration {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let delay = first.saturating_mul(1 << doublings).min(MAX_DELAY);
    let delay = delay.mul_f64(0.75 + fastrand::f64() / 2.0);
    delay.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(4);

    #[test]
    fn delay_grows_up_to_the_maximum() {
        for (tries, least, most) in [(1, 3, 5), (2, 6, 10), (3, 12, 20), (100, 450, 750)] {
            let delay = delay(tries, FIRST, None);
            assert!((Duration::from_secs(least)..=Duration::from_secs(most)).contains(&delay), "{tries}");
        }
    }

    #[test]
    fn retry_after_is_respected_up_to_an_hour() {
        let hour = Duration::from_hours(1);

        assert_eq!(delay(1, FIRST, Some(Duration::from_mins(1))), Duration::from_mins(1));
        assert_eq!(delay(1, FIRST, Some(hour * 24)), hour);
        assert!(delay(1, FIRST, Some(Duration::ZERO)) >= Duration::from_secs(3));
    }
}
