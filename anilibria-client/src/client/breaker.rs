//! A circuit breaker: a mirror that fails again and again is left alone for a while.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::runtime::Instant;

/// When a mirror is left alone, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row that open the circuit. Default: five.
    pub failures: u32,
    /// How long it stays open before one call may try. Default: 30 seconds.
    pub cooldown: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { failures: 5, cooldown: Duration::from_secs(30) }
    }
}

/// Where a circuit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are kept back.
    Open,
    /// One call is let through, to see.
    HalfOpen,
}

/// The breaker of one mirror.
#[derive(Debug)]
pub(super) struct Breaker {
    policy: BreakerPolicy,
    circuit: Mutex<Circuit>,
}

#[derive(Debug)]
enum Circuit {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen,
}

/// Leave to make one call, whose end has to be told. One that is dropped untold, as its call was cancelled, lets the next
/// call try in its place.
#[must_use]
pub(super) struct Permit<'b> {
    breaker: &'b Breaker,
    told: bool,
}

impl Breaker {
    pub(super) fn new(policy: BreakerPolicy) -> Self {
        Self { policy, circuit: Mutex::new(Circuit::Closed { failures: 0 }) }
    }

    /// Leave to make a call, or how long to wait for it.
    pub(super) fn permit(&self, now: Instant) -> Result<Permit<'_>, Duration> {
        let mut circuit = self.circuit();
        match *circuit {
            Circuit::Closed { .. } => {}
            Circuit::Open { until } if now >= until => *circuit = Circuit::HalfOpen,
            Circuit::Open { until } => return Err(until - now),
            Circuit::HalfOpen => return Err(self.policy.cooldown),
        }
        Ok(Permit { breaker: self, told: false })
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        match *self.circuit() {
            Circuit::Closed { .. } => BreakerState::Closed,
            Circuit::Open { until } if now < until => BreakerState::Open,
            Circuit::Open { .. } | Circuit::HalfOpen => BreakerState::HalfOpen,
        }
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The call was answered, whatever the answer.
    pub(super) fn answered(mut self) {
        self.told = true;
        *self.breaker.circuit() = Circuit::Closed { failures: 0 };
    }

    /// The call failed.
    pub(super) fn failed(mut self, now: Instant) {
        self.told = true;
        let BreakerPolicy { failures: limit, cooldown } = self.breaker.policy;
        let mut circuit = self.breaker.circuit();
        let failures = match *circuit {
            Circuit::Closed { failures } => failures + 1,
            Circuit::HalfOpen | Circuit::Open { .. } => limit,
        };
        *circuit = if failures >= limit {
            Circuit::Open { until: now + cooldown }
        } else {
            Circuit::Closed { failures }
        };
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut circuit = self.breaker.circuit();
        if !self.told && matches!(*circuit, Circuit::HalfOpen) {
            *circuit = Circuit::Open { until: Instant::now() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOLDOWN: Duration = Duration::from_secs(30);

    fn fail(breaker: &Breaker, times: u32, now: Instant) {
        (0..times).for_each(|_| breaker.permit(now).unwrap().failed(now));
    }

    fn opened() -> (Breaker, Instant) {
        let (breaker, now) = (Breaker::new(BreakerPolicy::default()), Instant::now());
        fail(&breaker, 5, now);
        (breaker, now)
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
        let (breaker, now) = (Breaker::new(BreakerPolicy::default()), Instant::now());

        fail(&breaker, 4, now);
        breaker.permit(now).unwrap().answered();
        fail(&breaker, 4, now);
        assert_eq!(breaker.state(now), BreakerState::Closed);
        fail(&breaker, 1, now);

        assert_eq!(breaker.state(now), BreakerState::Open);
        assert_eq!(breaker.permit(now + Duration::from_secs(10)).err(), Some(Duration::from_secs(20)));
    }

    #[test]
    fn after_its_rest_one_call_may_try_and_decides() {
        let (breaker, now) = opened();
        let later = now + COOLDOWN;

        let trial = breaker.permit(later).unwrap();
        assert_eq!(breaker.state(later), BreakerState::HalfOpen);
        assert!(breaker.permit(later).is_err(), "a second trial");
        trial.failed(later);
        assert_eq!(breaker.state(later), BreakerState::Open);

        breaker.permit(later + COOLDOWN).unwrap().answered();
        assert_eq!(breaker.state(later + COOLDOWN), BreakerState::Closed);
    }

    #[test]
    fn trial_that_is_cancelled_leaves_its_place_to_the_next() {
        let (breaker, now) = opened();
        let later = now + COOLDOWN;

        drop(breaker.permit(later).unwrap());

        assert!(breaker.permit(later).is_ok());
    }
}
