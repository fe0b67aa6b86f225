//! Delays before retries.

use std::time::Duration;

/// Delay before the ledger is read or written again.
pub(super) const LEDGER_AGAIN: Duration = Duration::from_secs(1);

/// Maximum delay between two attempts, unless the Node service asks for more.
const LONGEST: Duration = Duration::from_mins(10);

/// Maximum delay that the Node service can ask for.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// Returns the delay after `tries` attempts, at least one: `first`, doubled with each further attempt, with jitter, and no
/// less than `asked`.
pub(super) fn after(tries: usize, first: Duration, asked: Option<Duration>) -> Duration {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let pause = first.saturating_mul(1 << doublings).min(LONGEST);
    let pause = pause.mul_f64(0.75 + fastrand::f64() / 2.0);
    pause.max(asked.unwrap_or_default().min(LONGEST_ASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(4);

    #[test]
    fn pauses_grow_up_to_a_limit() {
        for (tries, least, most) in [(1, 3, 5), (2, 6, 10), (3, 12, 20), (100, 450, 750)] {
            let pause = after(tries, FIRST, None);
            assert!((Duration::from_secs(least)..=Duration::from_secs(most)).contains(&pause), "{tries}");
        }
    }

    #[test]
    fn what_is_asked_for_is_granted_within_reason() {
        let hour = Duration::from_hours(1);

        assert_eq!(after(1, FIRST, Some(Duration::from_mins(1))), Duration::from_mins(1));
        assert_eq!(after(1, FIRST, Some(hour * 24)), hour);
        assert!(after(1, FIRST, Some(Duration::ZERO)) >= Duration::from_secs(3));
    }
}
