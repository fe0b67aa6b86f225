//! How much one client may say.

use std::time::Duration;

use tokio::time::Instant;

/// Messages a second, for long.
const RATE: f64 = 20.0;

/// Messages at once.
const BURST: f64 = 40.0;

/// How long a client may go on saying too much.
const PATIENCE: Duration = Duration::from_secs(10);

/// After so long without a refusal a client has stopped saying too much.
const CALM: Duration = Duration::from_secs(1);

/// How much one client may still say.
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
    told: Instant,
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Heed it.
    Heed,
    /// Ignore it, and say so.
    Refuse,
    /// Ignore it: that was said within the last second.
    Ignore,
    /// It has been too much for too long.
    Close,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, at: now, excess: None }
    }

    /// Counts a message that has come `now`.
    pub(super) fn count(&mut self, now: Instant) -> Verdict {
        let elapsed = now.duration_since(self.at).as_secs_f64();
        self.left = elapsed.mul_add(RATE, self.left).min(BURST);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Verdict::Heed;
        }
        let excess = self.excess.filter(|excess| now.duration_since(excess.last) < CALM);
        let Some(mut excess) = excess else {
            self.excess = Some(Excess { since: now, last: now, told: now });
            return Verdict::Refuse;
        };
        excess.last = now;
        let verdict = if now.duration_since(excess.since) >= PATIENCE {
            Verdict::Close
        } else if now.duration_since(excess.told) >= CALM {
            excess.told = now;
            Verdict::Refuse
        } else {
            Verdict::Ignore
        };
        self.excess = Some(excess);
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of messages that come so many milliseconds apart.
    fn verdicts(allowance: &mut Allowance, start: Instant, every: u64, count: u64) -> Vec<Verdict> {
        (1..=count).map(|n| allowance.count(start + Duration::from_millis(n * every))).collect()
    }

    #[test]
    fn burst_is_heeded_and_then_so_many_a_second() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);

        let burst = verdicts(&mut allowance, start, 0, 42);

        assert!(burst[..40].iter().all(|verdict| *verdict == Verdict::Heed));
        assert_eq!(burst[40..], [Verdict::Refuse, Verdict::Ignore]);
        assert_eq!(verdicts(&mut allowance, start, 50, 100), [Verdict::Heed; 100]);
    }

    #[test]
    fn who_goes_on_saying_too_much_is_told_now_and_then_and_thrown_out() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);

        let verdicts = verdicts(&mut allowance, start, 10, 2000);

        let first = verdicts.iter().position(|verdict| *verdict != Verdict::Heed).unwrap();
        let close = verdicts.iter().position(|verdict| *verdict == Verdict::Close).unwrap();
        assert!((1000..=1020).contains(&(close - first)), "{first} {close}");
        let told = verdicts[..close].iter().filter(|verdict| **verdict == Verdict::Refuse).count();
        assert!((9..=11).contains(&told), "{told}");
    }

    #[test]
    fn who_calms_down_is_forgiven() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        for round in 0..20 {
            let start = start + Duration::from_secs(5 * round);

            let verdicts = verdicts(&mut allowance, start, 0, 60);

            assert!(!verdicts.contains(&Verdict::Close), "{round}");
        }
    }
}
