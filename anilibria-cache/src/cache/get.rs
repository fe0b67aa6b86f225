//! How a caller comes by a value that the nearest level does not have at hand.

use std::{sync::Arc, time::Instant};

use tokio::runtime::Handle;
use tracing::Instrument;

use super::{
    Inner,
    load::{Load, Loader},
};
use crate::{
    Cached, LoadError, Options, Tag,
    levels::{Found, Lookup},
    patience::within,
    policy::Policy,
    single_flight::{Lead, Waited, Waiter},
};

/// What the nearest level has without waiting.
pub(super) enum AtHand {
    /// A fresh value; the call is counted.
    Fresh(Cached),
    /// The same, but it is time to renew it.
    Due(Cached, Found),
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
        if life.is_due(now) {
            return AtHand::Due(Cached::fresh(found.entry.clone(), found.source), found);
        }
        AtHand::Fresh(Cached::fresh(found.entry, found.source))
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
        // A load has just failed: it is too early for another.
        if let (Some(stale), Some(found)) = (&meanwhile, &at_hand)
            && !found.entry.lifetime().is_due(now)
        {
            return Ok(stale.clone());
        }

        let job = Load { policy, tags, loader, previous: at_hand };
        match within(policy.hard_timeout, self.ask(key, job)).await {
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
                    if let Some(cached) = self.lead(lead, job).await {
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
            match waiter.asked().await {
                Waited::Outcome(outcome) => return outcome,
                Waited::Loading(meanwhile) => return wait(&mut waiter, &policy, begun, meanwhile).await,
                Waited::Deserted => {}
            }
        }
    }

    /// Asks the levels on behalf of all who wait; starts the load if they have nothing fresh.
    async fn lead<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        lead: Lead<E>,
        mut job: Load<E>,
    ) -> Option<Cached> {
        let now = self.now();
        // The nearest level again, for another load may have ended between the first look at it and this one's start.
        match self.levels.find(lead.key(), now, 0, job.policy.levels).await {
            Lookup::Fresh(found) => {
                let cached = Cached::new(found.entry.clone(), found.source, now);
                self.back_fill(&lead, &found, &job.policy).await;
                lead.answer(Ok(cached.clone()));
                if found.entry.lifetime().is_due(now) && Handle::try_current().is_ok() {
                    job.previous = Some(found);
                    self.counters.eager_refreshes.increment();
                    self.start(lead, job).await;
                }
                Some(cached)
            }
            Lookup::Nothing(found) => {
                job.previous = Found::newer(job.previous, found).filter(|found| !found.entry.is_expired(now));
                lead.begin_loading(self.stale(&job.policy, job.previous.as_ref()));
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
        found: Found,
        loader: Loader<E>,
    ) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (_, Some(lead)) = self.flights.join::<E>(key, &tags) else {
            return;
        };
        let job = Load { policy: self.policy(options), tags, loader, previous: Some(found) };
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
        // Who joins now has found nothing fresh; this is.
        lead.begin_loading(job.previous.clone().map(|found| Cached::new(found.entry, found.source, now)));
        self.load(lead, job).await;
    }

    /// What can be served in place of a new value, if the policy allows it.
    fn stale(&self, policy: &Policy, found: Option<&Found>) -> Option<Cached> {
        let found = found.filter(|_| policy.serves_stale())?;
        Some(Cached::new(found.entry.clone(), found.source, self.now()))
    }
}

/// Waits for the load to end, for as long as the policy lets a caller wait.
async fn wait<E>(
    waiter: &mut Waiter<E>,
    policy: &Policy,
    begun: Instant,
    meanwhile: Option<Cached>,
) -> Result<Cached, LoadError<E>> {
    let Some(meanwhile) = meanwhile else {
        return waiter.outcome().await;
    };
    let patience = match policy.soft_timeout.min(policy.hard_timeout) {
        std::time::Duration::MAX => std::time::Duration::MAX,
        limit => limit.saturating_sub(begun.elapsed()),
    };
    match within(patience, waiter.outcome()).await {
        Some(Err(LoadError::Interrupted)) | None => Ok(meanwhile),
        Some(outcome) => outcome,
    }
}
