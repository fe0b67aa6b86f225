//! Rate limit of the messages of one WebSocket client.

use std::time::Duration;

use tokio::time::Instant;

/// Sustained messages per second.
const RATE: f64 = 20.0;

/// Burst: maximum number of messages at once.
const BURST: f64 = 40.0;

/// Duration of continued excess after which the connection is closed.
const MAX_EXCESS: Duration = Duration::from_secs(10);

/// Time without a refused message after which the excess ends. Also the interval between reports to the client.
const RESET_AFTER: Duration = Duration::from_secs(1);

/// Token bucket of one client.
#[derive(Debug)]
pub(super) struct Allowance {
    left: f64,
    at: Instant,
    excess: Option<Excess>,
}

#[derive(Clone, Copy, Debug)]
struct Excess {
    since: Instant,
    last: Instant,
    reported: Instant,
}

/// Result of the rate limit for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Process the message.
    Accept,
    /// Drop the message, and report the refusal to the client.
    Refuse,
    /// Drop the message; a report was sent within the last second.
    Drop,
    /// Close the connection: the excess has lasted too long.
    Close,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, at: now, excess: None }
    }

    /// Counts a message that arrived at `now`, and returns its verdict.
    pub(super) fn count(&mut self, now: Instant) -> Verdict {
        let elapsed = now.duration_since(self.at).as_secs_f64();
        self.left = elapsed.mul_add(RATE, self.left).min(BURST);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Verdict::Accept;
        }
        let excess = self.excess.filter(|excess| now.duration_since(excess.last) < RESET_AFTER);
        let Some(mut excess) = excess else {
            self.excess = Some(Excess { since: now, last: now, reported: now });
            return Verdict::Refuse;
        };
        excess.last = now;
        let verdict = if now.duration_since(excess.since) >= MAX_EXCESS {
            Verdict::Close
        } else if now.duration_since(excess.reported) >= RESET_AFTER {
            excess.reported = now;
            Verdict::Refuse
        } else {
            Verdict::Drop
        };
        self.excess = Some(excess);
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the verdicts on `count` messages that arrive every `every` milliseconds.
    fn verdicts(allowance: &mut Allowance, start: Instant, every: u64, count: u64) -> Vec<Verdict> {
        (1..=count).map(|n| allowance.count(start + Duration::from_millis(n * every))).collect()
    }

    #[test]
    fn burst_is_accepted_and_then_the_steady_rate() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);

        let burst = verdicts(&mut allowance, start, 0, 42);

        assert!(burst[..40].iter().all(|verdict| *verdict == Verdict::Accept));
        assert_eq!(burst[40..], [Verdict::Refuse, Verdict::Drop]);
        assert_eq!(verdicts(&mut allowance, start, 50, 100), [Verdict::Accept; 100]);
    }

    #[test]
    fn continued_excess_is_reported_each_second_and_closes_the_connection() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);

        let verdicts = verdicts(&mut allowance, start, 10, 2000);

        let first = verdicts.iter().position(|verdict| *verdict != Verdict::Accept).unwrap();
        let close = verdicts.iter().position(|verdict| *verdict == Verdict::Close).unwrap();
        assert!((1000..=1020).contains(&(close - first)), "{first} {close}");
        let reports = verdicts[..close].iter().filter(|verdict| **verdict == Verdict::Refuse).count();
        assert!((9..=11).contains(&reports), "{reports}");
    }

    #[test]
    fn excess_that_ends_in_time_does_not_close_the_connection() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        for round in 0..20 {
            let start = start + Duration::from_secs(5 * round);

            let verdicts = verdicts(&mut allowance, start, 0, 60);

            assert!(!verdicts.contains(&Verdict::Close), "{round}");
        }
    }
}
