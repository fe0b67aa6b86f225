//! The outages of a dependency, as a log shows them.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::runtime::Instant;

/// Minimum time between two reports of failures while the circuit stays closed. A dependency that fails now and then would
/// otherwise be reported at every second call.
const REPORT_EVERY: Duration = Duration::from_mins(1);

/// The outages of a dependency that is guarded by a [`Breaker`](crate::Breaker): decides which outcome of a call is a change
/// of state, so that a log has one line per change and not one per call.
///
/// ```
/// use anilibria_client::support::{Outage, OutageChange};
///
/// let outage = Outage::default();
///
/// assert_eq!(outage.failed(false), Some(OutageChange::Failed));
/// assert_eq!(outage.failed(false), None);
/// assert_eq!(outage.failed(true), Some(OutageChange::Opened));
/// assert_eq!(outage.answered(), Some(OutageChange::Closed));
/// ```
#[derive(Debug, Default)]
pub struct Outage(Mutex<Reported>);

/// A change of state, for one line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutageChange {
    /// The first call has failed. The circuit is still closed.
    Failed,
    /// The circuit has opened.
    Opened,
    /// The first trial call of the outage begins: the circuit is half-open.
    OnTrial,
    /// A call was answered before the circuit opened.
    Recovered,
    /// A call was answered, and the circuit has closed.
    Closed,
}

#[derive(Debug, Default)]
struct Reported {
    state: State,
    /// Time of the last report of a failure.
    failed_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Healthy,
    Failing,
    Open,
    /// A trial call was reported. Further trials of the same outage are not.
    OnTrial,
}

impl Outage {
    /// Records a failed call. `is_open` is true if the circuit is open now.
    pub fn failed(&self, is_open: bool) -> Option<OutageChange> {
        self.change(|reported| reported.fail(is_open, Instant::now()))
    }

    /// Records the begin of a trial call.
    pub fn on_trial(&self) -> Option<OutageChange> {
        self.change(Reported::begin_trial)
    }

    /// Records a call that was answered.
    pub fn answered(&self) -> Option<OutageChange> {
        self.change(Reported::recover)
    }

    fn change(&self, change: impl FnOnce(&mut Reported) -> Option<OutageChange>) -> Option<OutageChange> {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Reported {
    fn fail(&mut self, is_open: bool, now: Instant) -> Option<OutageChange> {
        let is_due = self.failed_at.is_none_or(|at| now.saturating_duration_since(at) >= REPORT_EVERY);
        let (state, change) = match self.state {
            State::Open | State::OnTrial => return None,
            _ if is_open => (State::Open, OutageChange::Opened),
            State::Healthy if is_due => (State::Failing, OutageChange::Failed),
            State::Healthy | State::Failing => return None,
        };
        *self = Self { state, failed_at: Some(now) };
        Some(change)
    }

    fn begin_trial(&mut self) -> Option<OutageChange> {
        (self.state == State::Open).then(|| {
            self.state = State::OnTrial;
            OutageChange::OnTrial
        })
    }

    fn recover(&mut self) -> Option<OutageChange> {
        match std::mem::take(&mut self.state) {
            State::Healthy => None,
            State::Failing => Some(OutageChange::Recovered),
            State::Open | State::OnTrial => Some(OutageChange::Closed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_an_outage_is_reported_once() {
        let (mut reported, now) = (Reported::default(), Instant::now());

        assert_eq!(reported.fail(false, now), Some(OutageChange::Failed));
        assert_eq!(reported.fail(false, now), None);
        assert_eq!(reported.begin_trial(), None);
        assert_eq!(reported.fail(true, now), Some(OutageChange::Opened));
        assert_eq!(reported.fail(true, now), None);
        assert_eq!(reported.begin_trial(), Some(OutageChange::OnTrial));
        assert_eq!(reported.fail(true, now), None);
        assert_eq!(reported.begin_trial(), None);
        assert_eq!(reported.recover(), Some(OutageChange::Closed));
        assert_eq!(reported.recover(), None);
    }

    #[test]
    fn a_dependency_that_fails_now_and_then_is_reported_once_a_minute() {
        let (mut reported, now) = (Reported::default(), Instant::now());

        assert_eq!(reported.fail(false, now), Some(OutageChange::Failed));
        assert_eq!(reported.recover(), Some(OutageChange::Recovered));
        assert_eq!(reported.fail(false, now + Duration::from_secs(30)), None);
        assert_eq!(reported.recover(), None);
        assert_eq!(reported.fail(false, now + Duration::from_mins(1)), Some(OutageChange::Failed));
    }

    #[test]
    fn an_open_circuit_is_reported_at_any_time() {
        let (mut reported, now) = (Reported::default(), Instant::now());

        reported.fail(false, now);
        reported.recover();

        assert_eq!(reported.fail(true, now), Some(OutageChange::Opened));
    }
}
