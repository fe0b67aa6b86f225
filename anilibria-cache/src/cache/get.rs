//! How a caller comes by a value that the nearest level does not have at hand.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{runtime::Handle, time::Instant};
use tracing::Instrument;

use super::{
    Inner,
    load::{Load, Loader},
    to_the_end,
};
use crate::{
    cached::Cached,
    error::LoadError,
    levels::{Found, Lookup},
    options::Options,
    patience::within,
    policy::Policy,
    single_flight::{Lead, Waited, Waiter},
    tag::Tag,
};

/// What the nearest level has without waiting.
pub(super) enum AtHand {
    /// A fresh value; the call is counted.
    Fresh(Cached),
    /// The same, but it is time to renew it.
    Due(Cached),
    /// A value that is no longer fresh, or none.
    Outdated(Option<Found>),
}

impl Inner {
    /// Looks at the nearest level. This is all there is to a hit, so nothing here is done that it does not need.
    pub(super) fn at_hand(&self, key: &str) -> AtHand {
        let now = self.now();
        let Some(found) = self.levels.get_now(key, now) else {
            return AtHand::Outdated(None);
        };
        let life = found.entry.lifetime();
        if !life.is_fresh(now) {
            return AtHand::Outdated(Some(found));
        }
        self.levels.nearest_answered();
        let cached = Cached::fresh(found.entry, found.source);
        if life.is_due(now) { AtHand::Due(cached) } else { AtHand::Fresh(cached) }
    }

    /// The value under `key`, from a level or from `loader`. `at_hand` is what the nearest level has, no longer fresh.
    pub(super) async fn get<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        options: &Options,
        key: &str,
        tags: Vec<Tag>,
        at_hand: Option<Found>,
        loader: Loader<E>,
    ) -> Result<Cached, LoadError<E>> {
        self.listen();
        let policy = self.policy(options);
        let now = self.now();
        let at_hand = at_hand.filter(|found| !found.entry.is_expired(now));
        let meanwhile = self.stale(&policy, at_hand.as_ref());
        if let Some(stale) = meanwhile.as_ref().filter(|stale| is_paused(stale, now)) {
            return Ok(stale.clone());
        }

        let job = Load { policy, tags, loader, previous: None };
        let patience = match meanwhile {
            Some(_) => policy.soft_timeout.min(policy.hard_timeout),
            None => policy.hard_timeout,
        };
        match within(patience, self.ask(key, job)).await {
            Some(outcome) => outcome,
            None => meanwhile.ok_or(LoadError::TimedOut),
        }
    }

    /// Joins the load of `key`, or is the one to ask the levels and start it.
    async fn ask<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        key: &str,
        job: Load<E>,
    ) -> Result<Cached, LoadError<E>> {
        let policy = job.policy;
        let begun = Instant::now();
        let mut job = Some(job);
        loop {
            let (mut waiter, lead) = self.flights.join(key, job.as_ref().map_or(&[], |job| &job.tags));
            match (lead, job.take()) {
                (Some(lead), Some(job)) => {
                    // To the end: who leaves because a level is slow must not keep the load from being started.
                    let leading = Arc::clone(self).lead(lead, job).in_current_span();
                    if let Some(cached) = to_the_end(leading).await.flatten() {
                        return Ok(cached);
                    }
                }
                (None, unused) => {
                    job = unused;
                    self.counters.coalesced.increment();
                }
                // It has led once, and is not deserted by itself.
                (Some(_), None) => return Err(LoadError::Interrupted),
            }
            let outcome = match waiter.asked().await {
                Waited::Outcome(outcome) => outcome,
                Waited::Loading(meanwhile) => self.wait(&mut waiter, &policy, begun, meanwhile).await,
                Waited::Deserted => continue,
            };
            match outcome {
                // It began before a tag was invalidated that only its result shows, and this call after that.
                Ok(cached) if !waiter.may_have(cached.tags()) => {}
                outcome => return outcome,
            }
        }
    }

    /// Waits for the load to end, for as long as the policy lets a caller wait. `meanwhile` is what there was before.
    async fn wait<E>(
        &self,
        waiter: &mut Waiter<E>,
        policy: &Policy,
        begun: Instant,
        meanwhile: Option<Cached>,
    ) -> Result<Cached, LoadError<E>> {
        let now = self.now();
        let meanwhile = meanwhile
            .map(|cached| Cached::new(cached.entry().clone(), cached.source(), now))
            .filter(|cached| !cached.is_stale() || policy.serves_stale() && !cached.entry().is_expired(now))
            .filter(|cached| waiter.may_have(cached.tags()));
        let Some(meanwhile) = meanwhile else {
            return waiter.outcome().await;
        };
        // It is renewed before it runs out; nobody has to wait for that.
        if !meanwhile.is_stale() {
            return Ok(meanwhile);
        }
        let patience = match policy.soft_timeout.min(policy.hard_timeout) {
            Duration::MAX => Duration::MAX,
            limit => limit.saturating_sub(begun.elapsed()),
        };
        match within(patience, waiter.outcome()).await {
            Some(Err(LoadError::Interrupted)) | None => Ok(meanwhile),
            Some(outcome) => outcome,
        }
    }

    /// Asks the levels on behalf of all who wait; starts the load if they have nothing fresh.
    async fn lead<E: Send + Sync + 'static>(
        self: Arc<Self>,
        lead: Lead<E>,
        mut job: Load<E>,
    ) -> Option<Cached> {
        let now = self.now();
        // The nearest level again, for another load may have ended between the first look at it and this one's start.
        match self.levels.find(lead.key(), now, 0, job.policy.levels).await {
            Lookup::Fresh(found) => {
                let cached = Cached::new(found.entry.clone(), found.source, now);
                self.back_fill(&lead, &found, &job.policy).await;
                if found.entry.lifetime().is_due(now) && Handle::try_current().is_ok() {
                    job.previous = Some(found);
                    self.counters.eager_refreshes.increment();
                    lead.begin_loading(Some(cached.clone()));
                    self.start(lead, job).await;
                } else {
                    lead.answer(Ok(cached.clone()));
                }
                Some(cached)
            }
            Lookup::Nothing(found) => {
                job.previous = found.filter(|found| !found.entry.is_expired(now));
                let stale = self.stale(&job.policy, job.previous.as_ref());
                if let Some(stale) = stale.filter(|stale| is_paused(stale, now)) {
                    lead.answer(Ok(stale.clone()));
                    return Some(stale);
                }
                lead.begin_loading(job.previous.as_ref().map(|found| found.at(now)));
                self.start(lead, job).await;
                None
            }
        }
    }

    /// Runs the load as a task of its own; in place when there is no runtime.
    async fn start<E: Send + Sync + 'static>(self: &Arc<Self>, lead: Lead<E>, job: Load<E>) {
        let task = Arc::clone(self).load(lead, job).in_current_span();
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(task)),
            // Boxed, or every call would carry room for it.
            Err(_no_runtime) => Box::pin(task).await,
        }
    }

    /// Renews a value in the background that is still fresh, unless that is being done.
    pub(super) fn refresh<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        options: &Options,
        key: &str,
        tags: Vec<Tag>,
        loader: Loader<E>,
    ) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (_, Some(lead)) = self.flights.join::<E>(key, &tags) else {
            return;
        };
        // Looked for again: this load is not told what was invalidated or renewed before it was begun.
        let now = self.now();
        let at_hand = self.levels.get_now(key, now);
        let previous =
            at_hand.filter(|found| found.entry.is_fresh(now) && found.entry.lifetime().is_due(now));
        if previous.is_none() {
            return;
        }
        let job = Load { policy: self.policy(options), tags, loader, previous };
        runtime.spawn(Arc::clone(self).renew(lead, job).in_current_span());
    }

    async fn renew<E: Send + Sync + 'static>(self: Arc<Self>, lead: Lead<E>, mut job: Load<E>) {
        let now = self.now();
        // Another instance may have renewed it already.
        let newest = match self.levels.find(lead.key(), now, 1, job.policy.levels).await {
            Lookup::Fresh(found) if !found.entry.lifetime().is_due(now) => {
                self.back_fill(&lead, &found, &job.policy).await;
                lead.answer(Ok(Cached::new(found.entry, found.source, now)));
                return;
            }
            Lookup::Fresh(found) => Some(found),
            Lookup::Nothing(found) => found,
        };
        job.previous = Found::newer(job.previous, newest);
        self.counters.eager_refreshes.increment();
        lead.begin_loading(job.previous.as_ref().map(|found| found.at(now)));
        self.load(lead, job).await;
    }

    /// What can be served in place of a new value, if the policy allows it.
    fn stale(&self, policy: &Policy, found: Option<&Found>) -> Option<Cached> {
        let found = found.filter(|_| policy.serves_stale())?;
        Some(found.at(self.now()))
    }
}

/// Whether a load has just failed, so that it is too early for another.
fn is_paused(stale: &Cached, now: SystemTime) -> bool {
    !stale.entry().lifetime().is_due(now)
}
