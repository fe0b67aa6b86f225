//! Lookup of one key, beyond a fresh value on the nearest level.

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, time::Instant};
use tracing::Instrument;

use super::{
    Inner,
    load::{Load, Loader},
    run_to_end,
    write::Write,
};
use crate::{
    cached::Cached,
    error::LoadError,
    events::Event,
    invalidation::Action,
    levels::{Answer, Lookup},
    options::Options,
    policy::Policy,
    single_flight::{Leader, Stage, Waiter},
    tag::Tag,
    time_limit::within,
};

/// Result of the lookup on the nearest level, without waiting.
pub(super) enum Nearest {
    /// A fresh value. The call is counted.
    Fresh(Cached),
    /// A fresh value that is due for an eager refresh. The call is counted.
    Due(Answer),
    /// A stale value, or none.
    Miss(Option<Answer>),
}

impl Inner {
    /// Looks up the nearest level. A hit does nothing else.
    pub(super) fn nearest(&self, key: &str) -> Nearest {
        let now = self.now();
        let Some(answer) = self.levels.get_now(key, now, &self.log) else {
            return Nearest::Miss(None);
        };
        let life = answer.entry.lifetime();
        if !life.is_fresh(now) {
            return Nearest::Miss(Some(answer));
        }
        self.levels.count_nearest_hit();
        self.events.emit(|| Event::Hit { key: key.into(), level: self.levels.nearest().name() });
        if life.is_due(now) { Nearest::Due(answer) } else { Nearest::Fresh(answer.at(now)) }
    }

    /// Returns the value of `key` from a level or from `loader`. `stale` is the stale value of the nearest level.
    pub(super) async fn get<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        options: &Options,
        key: &str,
        tags: Vec<Tag>,
        stale: Option<Answer>,
        loader: Loader<E>,
    ) -> Result<Cached, LoadError<E>> {
        self.ensure_background();
        let policy = self.policy(options);
        let now = self.now();
        let stale = stale.filter(|stale| policy.may_serve_stale(&stale.entry, now));
        if let Some(stale) = stale.as_ref().filter(|stale| !stale.entry.lifetime().is_due(now)) {
            return Ok(stale.at(now));
        }

        let load = Load { policy, tags, loader, previous: None };
        let limit = match stale {
            Some(_) => policy.soft_timeout.min(policy.hard_timeout),
            None => policy.hard_timeout,
        };
        match within(limit, self.fetch(key, load, limit < Duration::MAX)).await {
            Some(outcome) => outcome,
            None => stale.map(|stale| stale.at(self.now())).ok_or(LoadError::TimedOut),
        }
    }

    /// Returns the value of `key` if a level has it, fresh or, with fail-safe, stale.
    pub(super) async fn get_stored(self: &Arc<Self>, key: &str) -> Option<Cached> {
        self.ensure_background();
        let policy = self.policy(&Options::new());
        let now = self.now();
        let cached = match self.levels.find(key, now, (0, policy.levels), &self.log).await {
            Lookup::Fresh(answer) => {
                self.back_fill(&[(&key.into(), &answer)], &policy).await;
                Some(answer.at(now))
            }
            Lookup::Stale(stale) => {
                stale.filter(|stale| policy.may_serve_stale(&stale.entry, now)).map(|stale| stale.at(now))
            }
        };
        self.count_call::<()>(key, &cached.clone().ok_or(LoadError::Interrupted));
        cached
    }

    /// Joins the load of `key`, or looks up the levels and starts it. `is_limited` is true if the caller may stop waiting
    /// before the lookup has ended.
    async fn fetch<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        key: &str,
        load: Load<E>,
        is_limited: bool,
    ) -> Result<Cached, LoadError<E>> {
        let policy = load.policy;
        let begun = Instant::now();
        let mut load = Some(load);
        loop {
            // Before joining, so that an invalidation in between counts as one before this call.
            let joined_at = self.log.position();
            let (mut waiter, flight) = self.flights.join(key, load.as_ref().map_or(&[], |load| &load.tags));
            let is_leader = flight.is_some();
            match (flight, load.take()) {
                (Some(flight), Some(load)) => {
                    let looking_up = Arc::clone(self).lead(flight, load).in_current_span();
                    // A caller with a time limit must not cancel the lookup: the load would not start. If another caller
                    // is dropped, one of those that wait takes its place.
                    let answer =
                        if is_limited { run_to_end(looking_up).await.flatten() } else { looking_up.await };
                    if let Some(answer) = answer {
                        return Ok(answer.at(self.now()));
                    }
                }
                (None, unused) => {
                    load = unused;
                    self.counters.coalesced.increment();
                }
                // This call was the leader before, and its load ended without a result.
                (Some(_), None) => return Err(LoadError::Interrupted),
            }
            let (outcome, previous) = match waiter.looked_up().await {
                Some(Stage::Done(outcome, previous)) => (outcome, previous),
                Some(Stage::Loading(previous)) => {
                    let previous = previous.filter(|previous| self.is_current(previous, joined_at, key));
                    (self.wait(&mut waiter, &policy, begun, previous.as_ref()).await, previous)
                }
                Some(Stage::Lookup) | None => continue,
            };
            let now = self.now();
            match outcome {
                // A call without fail-safe does not take the stale value of another; one that began after an
                // invalidation does not take the result of a load that began before.
                Ok(answer) if !is_leader && !self.is_acceptable(&answer, joined_at, key, &policy) => {}
                Ok(answer) => return Ok(answer.at(now)),
                Err(error) => {
                    let stale = previous
                        .filter(|previous| self.is_current(previous, joined_at, key))
                        .filter(|previous| policy.may_serve_stale(&previous.entry, now));
                    return stale.map(|stale| stale.at(now)).ok_or(error);
                }
            }
        }
    }

    /// Returns true if a call that joined the load of another call may take its result.
    pub(super) fn is_acceptable(&self, answer: &Answer, joined_at: u64, key: &str, policy: &Policy) -> bool {
        let now = self.now();
        self.is_current(answer, joined_at, key)
            && (!answer.at(now).is_stale() || policy.may_serve_stale(&answer.entry, now))
    }

    /// Returns true unless an invalidation between the as-of number of `answer` and the number `joined_at` covers the
    /// answer. An expired value is current as long as it is not served as fresh.
    pub(super) fn is_current(&self, answer: &Answer, joined_at: u64, key: &str) -> bool {
        joined_at <= answer.as_of
            || match self.log.covered(answer.as_of, key, answer.entry.tags()) {
                None => true,
                Some(Action::Expire) => answer.level().is_some() && !answer.entry.is_fresh(self.now()),
                Some(Action::Remove) => false,
            }
    }

    /// Waits for the end of the load, as long as `policy` allows. `previous` is the value found before.
    async fn wait<E>(
        &self,
        waiter: &mut Waiter<E>,
        policy: &Policy,
        begun: Instant,
        previous: Option<&Answer>,
    ) -> Result<Answer, LoadError<E>> {
        let now = self.now();
        let previous = previous.filter(|it| it.entry.is_fresh(now) || policy.may_serve_stale(&it.entry, now));
        let Some(previous) = previous else {
            return waiter.outcome().await;
        };
        // During an eager refresh callers receive the current value without waiting.
        if previous.entry.is_fresh(now) {
            return Ok(previous.clone());
        }
        let limit = match policy.soft_timeout.min(policy.hard_timeout) {
            Duration::MAX => Duration::MAX,
            limit => limit.saturating_sub(begun.elapsed()),
        };
        match within(limit, waiter.outcome()).await {
            Some(Err(LoadError::Interrupted)) | None => Ok(previous.clone()),
            Some(outcome) => outcome,
        }
    }

    /// Looks up the levels for all callers that wait, and starts the load if no level has a fresh value. Returns the
    /// value for the leader if it does not have to wait.
    async fn lead<E: Send + Sync + 'static>(
        self: Arc<Self>,
        flight: Leader<E>,
        mut load: Load<E>,
    ) -> Option<Answer> {
        let now = self.now();
        // The nearest level again: another load may have ended between its lookup and the beginning of this flight.
        match self.levels.find(flight.key(), now, (0, load.policy.levels), &self.log).await {
            Lookup::Fresh(answer) => {
                self.back_fill(&[(flight.key(), &answer)], &load.policy).await;
                if answer.entry.lifetime().is_due(now) && load.policy.sliding {
                    self.slide(&load.policy, flight.key(), &answer);
                    flight.finish(Ok(answer.clone()));
                } else if answer.entry.lifetime().is_due(now) && Handle::try_current().is_ok() {
                    load.previous = Some(answer.clone());
                    self.counters.eager_refreshes.increment();
                    flight.begin_loading(Some(answer.clone()));
                    self.start(flight, load).await;
                } else {
                    flight.finish(Ok(answer.clone()));
                }
                Some(answer)
            }
            Lookup::Stale(previous) => {
                load.previous = previous;
                let paused = load.previous.as_ref().filter(|previous| {
                    load.policy.may_serve_stale(&previous.entry, now)
                        && !previous.entry.lifetime().is_due(now)
                });
                if let Some(stale) = paused.cloned() {
                    flight.finish(Ok(stale.clone()));
                    return Some(stale);
                }
                flight.begin_loading(load.previous.clone());
                self.start(flight, load).await;
                None
            }
        }
    }

    /// Runs the load in a separate task, or in place without a runtime.
    async fn start<E: Send + Sync + 'static>(self: &Arc<Self>, flight: Leader<E>, load: Load<E>) {
        // Boxed, because otherwise the future of each call would have the size of a load.
        let task = Box::pin(Arc::clone(self).load(flight, load).in_current_span());
        self.background.run(task).await;
    }

    /// Restarts the TTL of a fresh value on all levels, for sliding expiration.
    pub(super) fn slide(self: &Arc<Self>, policy: &Policy, key: &Arc<str>, answer: &Answer) {
        let now = self.now();
        let mut entries = self.levels.iter().take(policy.levels).map(|(index, level)| {
            (index, answer.entry.clone().with_lifetime(policy.extended(&answer.entry, level.ttl(), now)))
        });
        let Some((_, nearest)) = entries.next() else { return };
        let further = entries.collect();
        let write = Write { key: Arc::clone(key), as_of: answer.as_of, nearest, further, replaces: None };
        let cache = Arc::clone(self);
        self.background.start(async move { cache.write(write, || ()).await });
    }

    /// Refreshes a fresh value in the background, unless that is in progress.
    pub(super) fn refresh<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        policy: Policy,
        key: &str,
        tags: Vec<Tag>,
        loader: Loader<E>,
    ) {
        if Handle::try_current().is_err() {
            return;
        }
        let (_, Some(flight)) = self.flights.join::<E>(key, &tags) else {
            return;
        };
        // Looked up again: the value may have been invalidated or refreshed before this flight began.
        let now = self.now();
        let previous = self
            .levels
            .get_now(key, now, &self.log)
            .filter(|it| it.entry.is_fresh(now) && it.entry.lifetime().is_due(now));
        if previous.is_some() {
            let load = Load { policy, tags, loader, previous };
            // An error means that the cache is closed.
            let _ = self.background.spawn(Box::pin(Arc::clone(self).renew(flight, load).in_current_span()));
        }
    }

    async fn renew<E: Send + Sync + 'static>(self: Arc<Self>, flight: Leader<E>, mut load: Load<E>) {
        let now = self.now();
        // Another instance may have refreshed the value.
        let found = match self.levels.find(flight.key(), now, (1, load.policy.levels), &self.log).await {
            Lookup::Fresh(answer) if !answer.entry.lifetime().is_due(now) => {
                self.back_fill(&[(flight.key(), &answer)], &load.policy).await;
                flight.finish(Ok(answer));
                return;
            }
            Lookup::Fresh(answer) => Some(answer),
            Lookup::Stale(answer) => answer,
        };
        load.previous = Answer::newer(load.previous, found);
        self.counters.eager_refreshes.increment();
        flight.begin_loading(load.previous.clone());
        self.load(flight, load).await;
    }
}
