//! A circuit breaker: what fails again and again is left alone for a while.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::runtime::Instant;

/// When something that fails is left alone, and for how long.
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

/// A circuit breaker around something that may fail. Every mirror of a client has one; it serves for other things as well.
///
/// ```
/// use anilibria_client::{Breaker, BreakerPolicy, BreakerState};
///
/// let breaker = Breaker::new(BreakerPolicy { failures: 2, ..BreakerPolicy::default() });
/// for _ in 0..2 {
///     let permit = breaker.permit().expect("the circuit is closed");
///     // … the call …
///     permit.failed();
/// }
///
/// assert_eq!(breaker.state(), BreakerState::Open);
/// assert!(breaker.permit().is_err());
/// ```
#[derive(Debug)]
pub struct Breaker {
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
#[derive(Debug)]
#[must_use = "a call whose end is not told counts for nothing"]
pub struct Permit<'b> {
    breaker: &'b Breaker,
    told: bool,
}

impl Breaker {
    /// One whose circuit is closed.
    pub fn new(policy: BreakerPolicy) -> Self {
        Self { policy, circuit: Mutex::new(Circuit::Closed { failures: 0 }) }
    }

    /// Leave to make a call, or how long to wait for it.
    pub fn permit(&self) -> Result<Permit<'_>, Duration> {
        self.permit_at(Instant::now())
    }

    /// Where the circuit stands now.
    pub fn state(&self) -> BreakerState {
        self.state_at(Instant::now())
    }

    fn permit_at(&self, now: Instant) -> Result<Permit<'_>, Duration> {
        let mut circuit = self.circuit();
        match *circuit {
            Circuit::Closed { .. } => {}
            Circuit::Open { until } if now >= until => *circuit = Circuit::HalfOpen,
            Circuit::Open { until } => return Err(until - now),
            Circuit::HalfOpen => return Err(self.policy.cooldown),
        }
        Ok(Permit { breaker: self, told: false })
    }

    fn state_at(&self, now: Instant) -> BreakerState {
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
    pub fn answered(mut self) {
        self.told = true;
        *self.breaker.circuit() = Circuit::Closed { failures: 0 };
    }

    /// The call failed.
    pub fn failed(self) {
        self.failed_at(Instant::now());
    }

    fn failed_at(mut self, now: Instant) {
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
        (0..times).for_each(|_| breaker.permit_at(now).unwrap().failed_at(now));
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
        breaker.permit_at(now).unwrap().answered();
        fail(&breaker, 4, now);
        assert_eq!(breaker.state_at(now), BreakerState::Closed);
        fail(&breaker, 1, now);

        assert_eq!(breaker.state_at(now), BreakerState::Open);
        assert_eq!(breaker.permit_at(now + Duration::from_secs(10)).err(), Some(Duration::from_secs(20)));
    }

    #[test]
    fn after_its_rest_one_call_may_try_and_decides() {
        let (breaker, now) = opened();
        let later = now + COOLDOWN;

        let trial = breaker.permit_at(later).unwrap();
        assert_eq!(breaker.state_at(later), BreakerState::HalfOpen);
        assert!(breaker.permit_at(later).is_err(), "a second trial");
        trial.failed_at(later);
        assert_eq!(breaker.state_at(later), BreakerState::Open);

        breaker.permit_at(later + COOLDOWN).unwrap().answered();
        assert_eq!(breaker.state_at(later + COOLDOWN), BreakerState::Closed);
    }

    #[test]
    fn trial_that_is_cancelled_leaves_its_place_to_the_next() {
        let (breaker, now) = opened();
        let later = now + COOLDOWN;

        drop(breaker.permit_at(later).unwrap());

        assert!(breaker.permit_at(later).is_ok());
    }
}
