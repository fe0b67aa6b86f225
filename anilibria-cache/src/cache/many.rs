//! Lookup of many keys. One call of the loader loads all keys that no level has.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{
    FutureExt,
    future::{self, BoxFuture},
};
use tracing::Instrument;

use super::{Inner, get::Nearest, load::is_nested, write::Write};
use crate::{
    cached::{Cached, Origin},
    error::LoadError,
    levels::{FoundEntry, Lookup},
    new_value::NewValue,
    options::Options,
    policy::Policy,
    single_flight::{Leader, Stage, Waiter},
    time_limit::within,
};

/// A loader of many keys with erased types, except for that of its error.
pub(super) type LoadMany<E> =
    dyn Fn(Vec<Arc<str>>) -> BoxFuture<'static, Result<HashMap<Arc<str>, NewValue>, E>> + Send + Sync;

/// Maximum number of attempts to get a value that no invalidation since the start of the call covers. An attempt fails only
/// if another call started to load the key before that invalidation.
const ATTEMPTS: usize = 4;

/// A key that this call waits for.
struct Pending<E> {
    key: Arc<str>,
    joined_at: u64,
    is_leader: bool,
    waiter: Waiter<E>,
}

impl Inner {
    /// Returns the values of `keys`, in their order.
    pub(super) async fn get_many<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        options: &Options,
        keys: Vec<Arc<str>>,
        loader: Arc<LoadMany<E>>,
    ) -> Vec<Result<Cached, LoadError<E>>> {
        let mut outcomes: HashMap<Arc<str>, Result<Cached, LoadError<E>>> = HashMap::new();
        let mut missing = Vec::new();
        for key in &keys {
            match self.nearest(key) {
                Nearest::Fresh(cached) => drop(outcomes.insert(Arc::clone(key), Ok(cached))),
                Nearest::Due(hit) => {
                    if self.policy(options).sliding {
                        self.slide(&self.policy(options), key, &hit);
                    }
                    outcomes.insert(Arc::clone(key), Ok(Cached::fresh(hit.entry, hit.origin)));
                }
                Nearest::Miss(_) => missing.push(Arc::clone(key)),
            }
        }
        missing.sort_unstable();
        missing.dedup();

        if !missing.is_empty() {
            self.ensure_background();
            let policy = self.policy(options);
            for _ in 0..ATTEMPTS {
                let fetched = self.fetch_many(&policy, std::mem::take(&mut missing), &loader).await;
                for (key, outcome) in fetched {
                    match outcome {
                        Some(outcome) => {
                            self.count_call(&key, &outcome);
                            outcomes.insert(key, outcome);
                        }
                        None => missing.push(key),
                    }
                }
                if missing.is_empty() {
                    break;
                }
            }
        }
        keys.iter().map(|key| outcomes.get(key).cloned().unwrap_or(Err(LoadError::Interrupted))).collect()
    }

    /// Makes one attempt. `None` for a key means that its value is outdated and another attempt is needed.
    async fn fetch_many<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        policy: &Policy,
        keys: Vec<Arc<str>>,
        loader: &Arc<LoadMany<E>>,
    ) -> Vec<(Arc<str>, Option<Result<Cached, LoadError<E>>>)> {
        let (mut pending, mut flights) = (Vec::new(), Vec::new());
        for key in keys {
            let joined_at = self.log.position();
            let (waiter, flight) = self.flights.join::<E>(&key, &[]);
            pending.push(Pending { key, joined_at, is_leader: flight.is_some(), waiter });
            match flight {
                Some(flight) => flights.push(flight),
                None => self.counters.coalesced.increment(),
            }
        }
        if !flights.is_empty() {
            let leading = Arc::clone(self).lead_many(*policy, flights, Arc::clone(loader), is_nested());
            let leading = Box::pin(leading.in_current_span());
            // As in the lookup of a single key.
            if policy.hard_timeout < Duration::MAX {
                self.background.run(leading).await;
            } else {
                leading.await;
            }
        }
        future::join_all(pending.into_iter().map(|pending| self.wait_for_key(policy, pending))).await
    }

    /// Waits for one key.
    async fn wait_for_key<E>(
        &self,
        policy: &Policy,
        pending: Pending<E>,
    ) -> (Arc<str>, Option<Result<Cached, LoadError<E>>>) {
        let Pending { key, joined_at, is_leader, mut waiter } = pending;
        let mut previous = None;
        let waiting = async {
            match waiter.wait_for_lookup().await {
                Some(Stage::Done(outcome, found)) => {
                    previous = found;
                    outcome
                }
                Some(Stage::Loading(found)) => {
                    previous = found;
                    let stale = previous.as_ref().filter(|it| policy.may_serve_stale(&it.entry, self.now()));
                    let limit =
                        stale.map_or(policy.hard_timeout, |_| policy.soft_timeout.min(policy.hard_timeout));
                    within(limit, waiter.outcome()).await.unwrap_or(Err(LoadError::TimedOut))
                }
                // The call that looked up the levels was dropped.
                Some(Stage::Lookup) | None => return None,
            }
            .into()
        };
        let outcome = within(policy.hard_timeout, waiting).await.unwrap_or(Some(Err(LoadError::TimedOut)));
        let Some(outcome) = outcome else { return (key, None) };
        let now = self.now();
        let outcome = match outcome {
            Ok(hit) if !is_leader && !self.is_acceptable(&hit, joined_at, &key, policy) => None,
            Ok(hit) => Some(Ok(hit.at(now))),
            Err(error) => {
                let stale = previous.filter(|it| {
                    self.is_current(it, joined_at, &key) && policy.may_serve_stale(&it.entry, now)
                });
                Some(stale.map(|stale| stale.at(now)).ok_or(error))
            }
        };
        (key, outcome)
    }

    /// Looks up the levels for all callers that wait, and starts the load of the keys that they do not have.
    async fn lead_many<E: Send + Sync + 'static>(
        self: Arc<Self>,
        policy: Policy,
        flights: Vec<Leader<E>>,
        loader: Arc<LoadMany<E>>,
        is_nested: bool,
    ) {
        let now = self.now();
        let keys: Vec<&str> = flights.iter().map(|flight| &**flight.key()).collect();
        let lookups = self.levels.find_many(&keys, now, policy.levels, &self.log).await;
        let (mut found, mut loading) = (Vec::new(), Vec::new());
        for (flight, lookup) in flights.into_iter().zip(lookups) {
            match lookup {
                Lookup::Fresh(hit) => found.push((flight, hit)),
                Lookup::Stale(Some(stale))
                    if policy.may_serve_stale(&stale.entry, now) && !stale.entry.lifetime().is_due(now) =>
                {
                    flight.finish(Ok(stale));
                }
                Lookup::Stale(previous) => {
                    flight.begin_loading(previous.clone());
                    loading.push((flight, previous));
                }
            }
        }
        let copies: Vec<_> = found.iter().map(|(flight, hit)| (flight.key(), hit)).collect();
        self.back_fill(&copies, &policy).await;
        for (flight, hit) in found {
            flight.finish(Ok(hit));
        }
        if !loading.is_empty() {
            let load = Arc::clone(&self).load_many(policy, loading, loader, is_nested);
            self.background.run(Box::pin(load.in_current_span())).await;
        }
    }

    /// Runs the loader, answers all callers that wait, and stores the results.
    async fn load_many<E: Send + Sync + 'static>(
        self: Arc<Self>,
        policy: Policy,
        loading: Vec<(Leader<E>, Option<FoundEntry>)>,
        loader: Arc<LoadMany<E>>,
        is_nested: bool,
    ) {
        let as_of = self.log.position();
        let keys = loading.iter().map(|(flight, _)| Arc::clone(flight.key())).collect();
        let run = async {
            // The semaphore is never closed.
            let _permit = if is_nested { None } else { self.loading.acquire().await.ok() };
            self.counters.loads.increment();
            match AssertUnwindSafe(async { loader(keys).await }).catch_unwind().await {
                Ok(result) => result.map_err(|error| LoadError::Failed(Arc::new(error))),
                Err(_panic) => Err(LoadError::Interrupted),
            }
        };
        match within(policy.load_limit, run).await.unwrap_or(Err(LoadError::TimedOut)) {
            Ok(mut values) => {
                let now = self.now();
                let writes: Vec<_> = loading
                    .iter()
                    .map(|(flight, _)| {
                        let value = values.remove(flight.key()).unwrap_or_else(NewValue::absent);
                        Write::new(&self.levels, flight.key(), &value, as_of, &policy, now)
                    })
                    .collect();
                let results: Vec<_> = writes
                    .iter()
                    .map(|write| FoundEntry { entry: write.nearest.clone(), origin: Origin::Loader, as_of })
                    .collect();
                self.write_many(writes, |at| loading[at].0.finish(Ok(results[at].clone()))).await;
            }
            Err(error) => {
                for (flight, previous) in loading {
                    self.load_failed(&flight, error.clone(), previous, &policy).await;
                }
            }
        }
    }
}
