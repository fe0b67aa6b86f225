//! Rate limit of the messages of one WebSocket client.

use std::time::Duration;

use tokio::time::Instant;

/// Sustained messages per second.
const RATE: f64 = 20.0;

/// Burst: maximum number of messages at once.
const BURST: f64 = 40.0;

/// Duration of a continued excess after which the connection is closed.
const MAX_EXCESS: Duration = Duration::from_secs(10);

/// Time without a dropped message after which an excess ends. Also the minimum time between reports to the client.
const RESET_AFTER: Duration = Duration::from_secs(1);

/// Token bucket of one client: it starts full.
#[derive(Debug)]
pub(super) struct MessageBudget {
    /// Tokens left at `updated`.
    tokens: f64,
    updated: Instant,
    excess: Option<Excess>,
}

/// A time in which the client sends more messages than it may.
#[derive(Clone, Copy, Debug)]
struct Excess {
    since: Instant,
    /// Time of the last dropped message.
    last: Instant,
    /// Time of the last report to the client.
    reported: Instant,
}

/// Decision of the rate limit about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Process the message.
    Accept,
    /// Drop the message, and report this to the client.
    Report,
    /// Drop the message; a report was sent within the last second.
    Drop,
    /// Close the connection: the excess has lasted too long.
    Close,
}

impl MessageBudget {
    pub(super) fn new(now: Instant) -> Self {
        Self { tokens: BURST, updated: now, excess: None }
    }

    /// Charges a message that arrived at `now`.
    pub(super) fn charge(&mut self, now: Instant) -> Decision {
        let elapsed = now.duration_since(self.updated).as_secs_f64();
        self.tokens = elapsed.mul_add(RATE, self.tokens).min(BURST);
        self.updated = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Decision::Accept;
        }
        let excess = self.excess.filter(|excess| now.duration_since(excess.last) < RESET_AFTER);
        let Some(mut excess) = excess else {
            self.excess = Some(Excess { since: now, last: now, reported: now });
            return Decision::Report;
        };
        excess.last = now;
        let decision = if now.duration_since(excess.since) >= MAX_EXCESS {
            Decision::Close
        } else if now.duration_since(excess.reported) >= RESET_AFTER {
            excess.reported = now;
            Decision::Report
        } else {
            Decision::Drop
        };
        self.excess = Some(excess);
        decision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the decisions on `count` messages that arrive every `every` milliseconds.
    fn decisions(budget: &mut MessageBudget, start: Instant, every: u64, count: u64) -> Vec<Decision> {
        (1..=count).map(|n| budget.charge(start + Duration::from_millis(n * every))).collect()
    }

    #[test]
    fn burst_is_accepted_and_then_the_steady_rate() {
        let start = Instant::now();
        let mut budget = MessageBudget::new(start);

        let burst = decisions(&mut budget, start, 0, 42);

        assert!(burst[..40].iter().all(|decision| *decision == Decision::Accept));
        assert_eq!(burst[40..], [Decision::Report, Decision::Drop]);
        assert_eq!(decisions(&mut budget, start, 50, 100), [Decision::Accept; 100]);
    }

    #[test]
    fn continued_excess_is_reported_each_second_and_closes_the_connection() {
        let start = Instant::now();
        let mut budget = MessageBudget::new(start);

        let decisions = decisions(&mut budget, start, 10, 2000);

        let first = decisions.iter().position(|decision| *decision != Decision::Accept).unwrap();
        let close = decisions.iter().position(|decision| *decision == Decision::Close).unwrap();
        assert!((1000..=1020).contains(&(close - first)), "{first} {close}");
        let reports = decisions[..close].iter().filter(|decision| **decision == Decision::Report).count();
        assert!((9..=11).contains(&reports), "{reports}");
    }

    #[test]
    fn excess_that_ends_in_time_does_not_close_the_connection() {
        let start = Instant::now();
        let mut budget = MessageBudget::new(start);
        for round in 0..20 {
            let start = start + Duration::from_secs(5 * round);

            let decisions = decisions(&mut budget, start, 0, 60);

            assert!(!decisions.contains(&Decision::Close), "{round}");
        }
    }
}
