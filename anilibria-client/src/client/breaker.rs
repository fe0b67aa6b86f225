//! A circuit breaker.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::runtime::{Instant, later};

/// Settings of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Number of consecutive failures that opens the circuit. Default: 5.
    pub failures: u32,
    /// Time for which the circuit stays open before one trial call is allowed. Default: 30 seconds.
    pub cooldown: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { failures: 5, cooldown: Duration::from_secs(30) }
    }
}

/// State of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerState {
    /// Calls are allowed.
    Closed,
    /// Calls are refused.
    Open,
    /// One trial call is allowed; its outcome closes or opens the circuit.
    HalfOpen,
}

/// A circuit breaker: refuses calls to a dependency that has failed several times in a row, until a trial call succeeds.
///
/// Each mirror of a client has a breaker. A program can use one for any other dependency.
///
/// | state | calls | next state |
/// | --- | --- | --- |
/// | closed | allowed | open, after [`failures`](BreakerPolicy::failures) consecutive failures |
/// | open | refused | half-open, at the first call after [`cooldown`](BreakerPolicy::cooldown) |
/// | half-open | one trial call is in progress, others are refused | closed if the trial succeeds, open if it fails |
///
/// ```
/// use anilibria_client::{Breaker, BreakerPolicy, BreakerState};
///
/// let breaker = Breaker::new(BreakerPolicy { failures: 2, ..BreakerPolicy::default() });
/// for _ in 0..2 {
///     let permit = breaker.permit().expect("the circuit is closed");
///     // … the call …
///     permit.failure();
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

/// Permission to make one call. Report the outcome with [`success`](Self::success) or [`failure`](Self::failure).
///
/// A permit that is dropped without a report, because its call was cancelled, does not change the count of failures. If
/// it was the permit of a trial call, the next call becomes the trial.
#[derive(Debug)]
#[must_use = "the outcome of the call must be reported"]
pub struct Permit<'b> {
    breaker: &'b Breaker,
    is_reported: bool,
}

impl Breaker {
    /// Creates a breaker whose circuit is closed.
    pub fn new(policy: BreakerPolicy) -> Self {
        Self { policy, circuit: Mutex::new(Circuit::Closed { failures: 0 }) }
    }

    /// Returns a permit to make one call.
    ///
    /// # Errors
    ///
    /// The time until the next trial call, if the circuit is open or a trial call is in progress.
    pub fn permit(&self) -> Result<Permit<'_>, Duration> {
        self.permit_at(Instant::now())
    }

    /// Returns a permit in any state of the circuit, for a caller that has no other mirror left.
    pub(crate) fn forced_permit(&self) -> Permit<'_> {
        Permit { breaker: self, is_reported: false }
    }

    /// Returns the current state of the circuit.
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
        Ok(Permit { breaker: self, is_reported: false })
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
    /// Reports that the call succeeded, which closes the circuit.
    pub fn success(mut self) {
        self.is_reported = true;
        *self.breaker.circuit() = Circuit::Closed { failures: 0 };
    }

    /// Reports that the call failed.
    pub fn failure(self) {
        self.failure_at(Instant::now());
    }

    fn failure_at(mut self, now: Instant) {
        self.is_reported = true;
        let BreakerPolicy { failures: limit, cooldown } = self.breaker.policy;
        let mut circuit = self.breaker.circuit();
        let failures = match *circuit {
            Circuit::Closed { failures } => failures.saturating_add(1),
            Circuit::HalfOpen | Circuit::Open { .. } => limit,
        };
        *circuit = if failures >= limit {
            Circuit::Open { until: later(now, cooldown) }
        } else {
            Circuit::Closed { failures }
        };
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut circuit = self.breaker.circuit();
        if !self.is_reported && matches!(*circuit, Circuit::HalfOpen) {
            *circuit = Circuit::Open { until: Instant::now() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOLDOWN: Duration = Duration::from_secs(30);

    fn fail(breaker: &Breaker, times: u32, now: Instant) {
        (0..times).for_each(|_| breaker.permit_at(now).unwrap().failure_at(now));
    }

    fn open_breaker() -> (Breaker, Instant) {
        let (breaker, now) = (Breaker::new(BreakerPolicy::default()), Instant::now());
        fail(&breaker, 5, now);
        (breaker, now)
    }

    #[test]
    fn five_consecutive_failures_open_the_circuit() {
        let (breaker, now) = (Breaker::new(BreakerPolicy::default()), Instant::now());

        fail(&breaker, 4, now);
        breaker.permit_at(now).unwrap().success();
        fail(&breaker, 4, now);
        assert_eq!(breaker.state_at(now), BreakerState::Closed);
        fail(&breaker, 1, now);

        assert_eq!(breaker.state_at(now), BreakerState::Open);
        assert_eq!(breaker.permit_at(now + Duration::from_secs(10)).err(), Some(Duration::from_secs(20)));
    }

    #[test]
    fn one_trial_call_after_the_open_time_decides() {
        let (breaker, now) = open_breaker();
        let later = now + COOLDOWN;

        let trial = breaker.permit_at(later).unwrap();
        assert_eq!(breaker.state_at(later), BreakerState::HalfOpen);
        assert!(breaker.permit_at(later).is_err(), "a second trial");
        trial.failure_at(later);
        assert_eq!(breaker.state_at(later), BreakerState::Open);

        breaker.permit_at(later + COOLDOWN).unwrap().success();
        assert_eq!(breaker.state_at(later + COOLDOWN), BreakerState::Closed);
    }

    #[test]
    fn cancelled_trial_is_passed_to_the_next_call() {
        let (breaker, now) = open_breaker();
        let later = now + COOLDOWN;

        drop(breaker.permit_at(later).unwrap());

        assert!(breaker.permit_at(later).is_ok());
    }
}
