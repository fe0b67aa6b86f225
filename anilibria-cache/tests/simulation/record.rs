//! Record of one run, and checks of the values that callers received.

use std::{sync::Mutex, time::Duration};

use proptest::test_runner::TestCaseError;
use tokio::time::Instant;

use super::{
    INSTANCES,
    backplane::MESSAGE_DELAY,
    network::STORE_DELAY,
    world::{FAR_TTL, PROBE, TIMEOUT},
};

/// Window of another instance: the time that a message and its application take.
const MESSAGE_WINDOW: Duration = MESSAGE_DELAY.saturating_add(STORE_DELAY);
/// Window while another instance writes an older value: the message to that instance, its writes of the key, and its
/// own message after it has revoked the write.
const TAKE_BACK_WINDOW: Duration =
    MESSAGE_DELAY.saturating_mul(2).saturating_add(STORE_DELAY.saturating_mul(6));
/// Time after an outage of the shared store until the missed invalidations have been applied and published.
const STORE_REPAIR: Duration =
    PROBE.saturating_mul(3).saturating_add(TIMEOUT).saturating_add(Duration::from_secs(1));
/// Time after a loss of the backplane until the missed messages have been published.
const BACKPLANE_REPAIR: Duration = PROBE.saturating_add(TIMEOUT).saturating_add(Duration::from_secs(1));
/// Time during which the cache can revoke a write to a shared level.
const RECENT: Duration = Duration::from_secs(3);
/// Maximum difference between the clocks of two instances.
const MAX_SKEW: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Store,
    Backplane,
}

/// Time since the start of the run.
type Time = Duration;

#[derive(Debug)]
pub(crate) struct Record {
    start: Instant,
    near_ttl: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    faults: Vec<(Fault, usize, Time, Time)>,
    cut_off_since: [Option<Time>; INSTANCES],
    changes: Vec<Change>,
    works: Vec<Work>,
    restarts: Vec<(usize, Time)>,
    set_back: Vec<(usize, Duration)>,
    results: Vec<FreshResult>,
}

/// An invalidation of one key, or a write of its value by a caller. The source has `version` since `begun`.
#[derive(Clone, Copy, Debug)]
struct Change {
    id: usize,
    key: usize,
    version: u64,
    instance: usize,
    begun: Time,
    returned: Option<Time>,
}

/// A load of the value `version`, or a call that sets it, until the loader or the call has returned.
#[derive(Clone, Copy, Debug)]
struct Work {
    key: usize,
    version: u64,
    instance: usize,
    is_set: bool,
    begun: Time,
    ended: Option<Time>,
}

/// A value that a caller received as fresh. The call began at `asked_at`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreshResult {
    pub(crate) key: usize,
    pub(crate) version: u64,
    pub(crate) instance: usize,
    pub(crate) asked_at: Time,
}

impl Record {
    pub(crate) fn new(near_ttl: Duration) -> Self {
        Self { start: Instant::now(), near_ttl, state: Mutex::default() }
    }

    pub(crate) fn now(&self) -> Time {
        self.start.elapsed()
    }

    pub(crate) fn fault(&self, fault: Fault, instance: usize, begun: Time, ended: Time) {
        self.state.lock().unwrap().faults.push((fault, instance, begun, ended));
    }

    pub(crate) fn disconnected(&self, instance: usize) {
        self.state.lock().unwrap().cut_off_since[instance].get_or_insert(self.now());
    }

    /// A call on `instance` at this time has to reflect all that the instance missed before.
    pub(crate) fn reconnected(&self, instance: usize) {
        self.end_disconnection(instance, self.now().saturating_sub(Duration::from_millis(1)));
    }

    /// A call on `instance` after this time has to reflect all that the instance missed before.
    pub(crate) fn resynced(&self, instance: usize) {
        self.end_disconnection(instance, self.now());
    }

    fn end_disconnection(&self, instance: usize, ended: Time) {
        let mut state = self.state.lock().unwrap();
        if let Some(since) = state.cut_off_since[instance].take() {
            state.faults.push((Fault::Backplane, instance, since, ended));
        }
    }

    pub(crate) fn restarted(&self, instance: usize) {
        let mut state = self.state.lock().unwrap();
        state.restarts.push((instance, self.now()));
        let works = state.works.iter_mut().filter(|work| work.instance == instance);
        works.for_each(|work| _ = work.ended.get_or_insert(self.now()));
    }

    pub(crate) fn set_back(&self, instance: usize, by: Duration) {
        self.state.lock().unwrap().set_back.push((instance, by));
    }

    pub(crate) fn change_begun(&self, id: usize, key: usize, version: u64, instance: usize) {
        let change = Change { id, key, version, instance, begun: self.now(), returned: None };
        self.state.lock().unwrap().changes.push(change);
    }

    pub(crate) fn change_returned(&self, id: usize) {
        let mut state = self.state.lock().unwrap();
        state.changes.iter_mut().filter(|it| it.id == id).for_each(|it| it.returned = Some(self.now()));
    }

    /// Returns the index for [`work_ended`](Self::work_ended).
    pub(crate) fn work_begun(&self, key: usize, version: u64, instance: usize, is_set: bool) -> usize {
        let mut state = self.state.lock().unwrap();
        state.works.push(Work { key, version, instance, is_set, begun: self.now(), ended: None });
        state.works.len() - 1
    }

    pub(crate) fn work_ended(&self, index: usize) {
        self.state.lock().unwrap().works[index].ended = Some(self.now());
    }

    pub(crate) fn received(&self, result: FreshResult) {
        self.state.lock().unwrap().results.push(result);
    }

    /// Fails if a caller received a value as fresh beyond the window of an invalidation that covers it.
    pub(crate) fn check(&self) -> Result<(), TestCaseError> {
        let mut state = self.state.lock().unwrap();
        let forever = self.now() + Duration::from_hours(1);
        for instance in 0..INSTANCES {
            if let Some(since) = state.cut_off_since[instance] {
                state.faults.push((Fault::Backplane, instance, since, forever));
            }
        }
        for result in &state.results {
            for change in
                state.changes.iter().filter(|it| it.key == result.key && it.version > result.version)
            {
                let Some(returned) = change.returned.filter(|returned| *returned <= result.asked_at) else {
                    continue;
                };
                let mut deadline = state.deadline(change, returned, result);
                if state.is_correct_on_shared_level(change, returned, result) {
                    let set_back = state.set_back(result.instance);
                    deadline = deadline.min(returned + MESSAGE_WINDOW + self.near_ttl + set_back);
                }
                if result.asked_at > deadline {
                    return Err(TestCaseError::fail(format!(
                        "an old value was fresh {:?} after the change returned, allowed are {:?}\n{result:?}\n{change:?}\n{state:#?}",
                        result.asked_at.abs_diff(returned),
                        deadline.abs_diff(returned),
                    )));
                }
            }
        }
        Ok(())
    }
}

impl State {
    /// Returns the time from which a call must not receive `result`, which is from before `change`.
    fn deadline(&self, change: &Change, returned: Time, result: &FreshResult) -> Time {
        let (Change { instance: caller, begun, .. }, reader) = (*change, result.instance);
        let older = self.older_works(change, result.version);
        let window = match (older.is_empty(), reader == caller) {
            (true, true) => Duration::ZERO,
            (true, false) => MESSAGE_WINDOW,
            (false, _) => TAKE_BACK_WINDOW,
        };

        // The instances that apply the change to the shared store and publish it, or revoke an older value.
        let senders: Vec<_> = older.iter().map(|work| work.instance).chain([caller]).collect();
        let settled = self.settled(begun, returned, window, &senders) + window;

        let forgot =
            self.restarted_within(caller, begun, settled) && self.has_fault_within(caller, begun, returned);
        let not_taken_back = older.iter().any(|work| {
            // Of a call that sets a value and an invalidation at the same time, either may prevail.
            work.is_set
                || self.restarted_within(work.instance, work.begun, settled)
                || settled > returned + RECENT
        });
        if forgot || not_taken_back {
            return settled + FAR_TTL + MAX_SKEW;
        }
        if window.is_zero() { returned } else { self.connected_after(settled, begun, reader) }
    }

    /// True if only the unshared level of the reader can have a value from before `change`: the caller could apply the change to
    /// the shared level, and no other instance was target to write an older value there.
    fn is_correct_on_shared_level(&self, change: &Change, returned: Time, result: &FreshResult) -> bool {
        let has_fault = self.faults.iter().any(|(fault, instance, since, until)| {
            *fault == Fault::Store
                && *instance == change.instance
                && *since <= returned
                && *until + STORE_REPAIR >= change.begun
        });
        !has_fault && self.older_works(change, result.version).is_empty()
    }

    /// Returns by how much the clock of `instance` was set back. An entry is fresh for that much longer.
    fn set_back(&self, instance: usize) -> Duration {
        self.set_back.iter().filter(|(it, _)| *it == instance).map(|(_, by)| *by).sum()
    }

    /// Returns the end of the last fault that delays what `instances` send or write, with the time for its repair.
    fn settled(&self, begun: Time, returned: Time, window: Duration, instances: &[usize]) -> Time {
        let faults = self.faults.iter().filter(|(_, instance, ..)| instances.contains(instance));
        let repaired = faults.map(|(fault, _, since, until)| (*since, *until + repair(*fault)));
        let delaying: Vec<_> = repaired.filter(|(_, until)| *until >= begun).collect();
        last_end(&delaying, returned, window)
    }

    /// Returns the end of the last time before `time` in which `instance` could not receive messages. A resync comes then.
    fn connected_after(&self, time: Time, begun: Time, instance: usize) -> Time {
        let losses = self
            .faults
            .iter()
            .filter(|(fault, it, _, until)| *fault == Fault::Backplane && *it == instance && *until >= begun);
        let losses: Vec<_> = losses.map(|(_, _, since, until)| (*since, *until)).collect();
        last_end(&losses, time, Duration::ZERO)
    }

    /// Returns the works that may write `version`, from before `change`, after the change was applied. Does not include
    /// the loads of the process that the change was made through.
    fn older_works(&self, change: &Change, version: u64) -> Vec<Work> {
        let works = self.works.iter().filter(|work| work.key == change.key && work.version == version);
        let may_write_later = |work: &&Work| {
            let Some(ended) = work.ended else { return true };
            let written = ended + TIMEOUT;
            let instance = [work.instance];
            let written = self.settled(work.begun, written, Duration::ZERO, &instance);
            written >= change.begun
        };
        let is_same_process = |work: &&Work| {
            let until = change.returned.unwrap_or(change.begun);
            !work.is_set
                && work.instance == change.instance
                && !self.restarted_within(work.instance, work.begun, until)
        };
        works.filter(|work| !is_same_process(work)).filter(may_write_later).copied().collect()
    }

    fn restarted_within(&self, instance: usize, from: Time, to: Time) -> bool {
        self.restarts.iter().any(|(it, at)| *it == instance && *at >= from && *at <= to)
    }

    fn has_fault_within(&self, instance: usize, from: Time, to: Time) -> bool {
        self.faults.iter().any(|(fault, it, since, until)| {
            *it == instance && *since <= to && *until + repair(*fault) >= from
        })
    }
}

/// Returns `time`, or the end of the last of `periods` that begins at most `window` after it or after another such end.
fn last_end(periods: &[(Time, Time)], mut time: Time, window: Duration) -> Time {
    loop {
        let begun = periods.iter().filter(|(since, _)| *since <= time + window);
        match begun.map(|(_, until)| *until).max() {
            Some(later) if later > time => time = later,
            _ => return time,
        }
    }
}

fn repair(fault: Fault) -> Duration {
    match fault {
        Fault::Store => STORE_REPAIR,
        Fault::Backplane => BACKPLANE_REPAIR,
    }
}
