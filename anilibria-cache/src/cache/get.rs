//! Lookup and load of one key. `Cache::get_or_load` calls [`Inner::nearest`] first, and [`Inner::get`] if that is not enough.
//!
//! A call takes the first of these steps that yields a value:
//!
//! 1. **Nearest level**, without waiting ([`Inner::nearest`]). A fresh value is returned. If it is due for an eager refresh,
//!    a load starts in the background.
//! 2. **Stale value within the retry pause** ([`Inner::get`]): the last load failed a short time ago, and fail-safe allows the
//!    stale value.
//! 3. **Flight** ([`Inner::fetch`]). The first caller of a key becomes the *leader* of a flight, later callers join it.
//!    The leader looks up all levels ([`Inner::lead`]). A fresh value ends the flight. Otherwise the load starts as a task
//!    ([`Inner::load`]), so that it continues when its callers leave.
//! 4. **Stale value**, if fail-safe allows it: after the soft timeout, or if the load fails. After the soft timeout, the load
//!    continues in the background.
//!
//! A caller does not join a flight if an invalidation since the start of the flight covers the key or the tags of the call
//! that started it (`SingleFlight::join`). A caller that has joined must not receive a value that is too old for it:
//!
//! - The number of the last invalidation *before* the caller joined is `joined_at`. The caller rejects a value that an
//!   invalidation between the as-of number of the value and `joined_at` covers ([`Inner::is_current`]).
//! - The caller rejects a stale value that its own policy does not allow ([`Inner::is_acceptable`]).
//!
//! After a rejection the caller joins again, or becomes the leader of a new flight. For example: A loads `k` as of number 7.
//! Then the tag `t` is invalidated (number 8), and B calls and joins with `joined_at` 8. The loader of A returns a value with
//! the tag `t`. B rejects this value, because number 8 covers `t`, and loads `k` again.

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
    levels::{FoundEntry, Lookup},
    options::Options,
    policy::Policy,
    single_flight::{Leader, Stage, Waiter},
    tag::Tag,
    time_limit::within,
};

/// Result of the lookup on the nearest level, without waiting.
pub(super) enum Nearest {
    /// A fresh value. The call has been counted as a hit.
    Fresh(Cached),
    /// A fresh value that is due for an eager refresh. The call has been counted as a hit.
    Due(FoundEntry),
    /// A stale value, or none.
    Miss(Option<FoundEntry>),
}

impl Inner {
    /// Looks up the nearest level, without waiting. On a hit, only counts the call and emits an event.
    pub(super) fn nearest(&self, key: &str) -> Nearest {
        let now = self.now();
        let Some(hit) = self.levels.get_now(key, now, &self.log) else {
            return Nearest::Miss(None);
        };
        let life = hit.entry.lifetime();
        if !life.is_fresh(now) {
            return Nearest::Miss(Some(hit));
        }
        self.levels.count_nearest_hit();
        self.events.emit(|| Event::Hit { key: key.into(), level: self.levels.nearest().name() });
        if life.is_due(now) { Nearest::Due(hit) } else { Nearest::Fresh(hit.at(now)) }
    }

    /// Returns the value of `key` from a level or from `loader`: steps 2 to 4 of the [module](self). `stale` is the stale
    /// value of the nearest level.
    pub(super) async fn get<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        options: &Options,
        key: &str,
        tags: Vec<Tag>,
        stale: Option<FoundEntry>,
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
            Lookup::Fresh(hit) => {
                self.back_fill(&[(&key.into(), &hit)], &policy).await;
                Some(hit.at(now))
            }
            Lookup::Stale(stale) => {
                stale.filter(|stale| policy.may_serve_stale(&stale.entry, now)).map(|stale| stale.at(now))
            }
        };
        self.count_call::<()>(key, &cached.clone().ok_or(LoadError::Interrupted));
        cached
    }

    /// Joins the flight of `key`, or leads a new one: step 3 of the [module](self). `is_limited` is true if the caller may stop
    /// waiting before the lookup has ended.
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
            // Read before joining, so that an invalidation in between counts as one before this call.
            let joined_at = self.log.position();
            let (mut waiter, flight) = self.flights.join(key, load.as_ref().map_or(&[], |load| &load.tags));
            let is_leader = flight.is_some();
            match (flight, load.take()) {
                (Some(flight), Some(load)) => {
                    let lookup = Arc::clone(self).lead(flight, load).in_current_span();
                    // A caller with a time limit must not cancel the lookup, because the load would not start. The lookup of
                    // a caller without a limit is cancelled if the caller is dropped. One of the waiting callers then
                    // becomes the leader.
                    let hit = if is_limited { run_to_end(lookup).await.flatten() } else { lookup.await };
                    if let Some(hit) = hit {
                        return Ok(hit.at(self.now()));
                    }
                }
                (None, unused) => {
                    load = unused;
                    self.counters.coalesced.increment();
                }
                // This call has been the leader before, and its load ended without a result.
                (Some(_), None) => return Err(LoadError::Interrupted),
            }
            let (outcome, previous) = match waiter.wait_for_lookup().await {
                Some(Stage::Done(outcome, previous)) => (outcome, previous),
                Some(Stage::Loading(previous)) => {
                    let previous = previous.filter(|previous| self.is_current(previous, joined_at, key));
                    (self.wait(&mut waiter, &policy, begun, previous.as_ref()).await, previous)
                }
                Some(Stage::Lookup) | None => continue,
            };
            let now = self.now();
            match outcome {
                // The result of another caller is too old for this call: join again.
                Ok(hit) if !is_leader && !self.is_acceptable(&hit, joined_at, key, &policy) => {}
                Ok(hit) => return Ok(hit.at(now)),
                Err(error) => {
                    let stale = previous
                        .filter(|previous| self.is_current(previous, joined_at, key))
                        .filter(|previous| policy.may_serve_stale(&previous.entry, now));
                    return stale.map(|stale| stale.at(now)).ok_or(error);
                }
            }
        }
    }

    /// Returns true if a call that joined the flight of another call may return its result.
    pub(super) fn is_acceptable(&self, hit: &FoundEntry, joined_at: u64, key: &str, policy: &Policy) -> bool {
        let now = self.now();
        self.is_current(hit, joined_at, key)
            && (!hit.at(now).is_stale() || policy.may_serve_stale(&hit.entry, now))
    }

    /// Returns true unless an invalidation between the as-of number of `hit` and the number `joined_at` covers the
    /// hit. An expired value is current as long as it is not served as fresh.
    pub(super) fn is_current(&self, hit: &FoundEntry, joined_at: u64, key: &str) -> bool {
        joined_at <= hit.as_of
            || match self.log.covered(hit.as_of, key, hit.entry.tags()) {
                None => true,
                Some(Action::Expire) => hit.level().is_some() && !hit.entry.is_fresh(self.now()),
                Some(Action::Remove) => false,
            }
    }

    /// Waits for the end of the load, as long as `policy` allows. `previous` is the value that the lookup found. It is returned
    /// at once if it is fresh, and after the soft timeout if it is stale and fail-safe allows it.
    async fn wait<E>(
        &self,
        waiter: &mut Waiter<E>,
        policy: &Policy,
        begun: Instant,
        previous: Option<&FoundEntry>,
    ) -> Result<FoundEntry, LoadError<E>> {
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

    /// Looks up the levels for all waiting callers, and starts the load if no level has a fresh value. Returns the value if the
    /// leader does not have to wait for the load.
    async fn lead<E: Send + Sync + 'static>(
        self: Arc<Self>,
        flight: Leader<E>,
        mut load: Load<E>,
    ) -> Option<FoundEntry> {
        let now = self.now();
        // Includes the nearest level again: another load may have ended between the first lookup and this flight.
        match self.levels.find(flight.key(), now, (0, load.policy.levels), &self.log).await {
            Lookup::Fresh(hit) => {
                self.back_fill(&[(flight.key(), &hit)], &load.policy).await;
                if hit.entry.lifetime().is_due(now) && load.policy.sliding {
                    self.slide(&load.policy, flight.key(), &hit);
                    flight.finish(Ok(hit.clone()));
                } else if hit.entry.lifetime().is_due(now) && Handle::try_current().is_ok() {
                    load.previous = Some(hit.clone());
                    self.counters.eager_refreshes.increment();
                    flight.begin_loading(Some(hit.clone()));
                    self.start(flight, load).await;
                } else {
                    flight.finish(Ok(hit.clone()));
                }
                Some(hit)
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
    pub(super) fn slide(self: &Arc<Self>, policy: &Policy, key: &Arc<str>, hit: &FoundEntry) {
        let now = self.now();
        let mut entries = self.levels.iter().take(policy.levels).map(|(index, level)| {
            (index, hit.entry.clone().with_lifetime(policy.extended(&hit.entry, level.ttl(), now)))
        });
        let Some((_, nearest)) = entries.next() else { return };
        let further = entries.collect();
        let write = Write { key: Arc::clone(key), as_of: hit.as_of, nearest, further, replaces: None };
        let cache = Arc::clone(self);
        self.background.start(async move { cache.write(write, || ()).await });
    }

    /// Starts an eager refresh of a fresh value in the background, unless a load of the key is in progress.
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
        // Looks up the value again, because it may have been invalidated or refreshed before this flight began.
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
            Lookup::Fresh(hit) if !hit.entry.lifetime().is_due(now) => {
                self.back_fill(&[(flight.key(), &hit)], &load.policy).await;
                flight.finish(Ok(hit));
                return;
            }
            Lookup::Fresh(hit) => Some(hit),
            Lookup::Stale(hit) => hit,
        };
        load.previous = FoundEntry::newer(load.previous, found);
        self.counters.eager_refreshes.increment();
        flight.begin_loading(load.previous.clone());
        self.load(flight, load).await;
    }
}
