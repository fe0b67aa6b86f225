//! Single-flight loads: callers of the same key share one load.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{error::LoadError, invalidation_log::InvalidationLog, levels::FoundEntry, tag::Tag};

/// Loads in progress.
#[derive(Debug)]
pub(crate) struct SingleFlight {
    log: Arc<InvalidationLog>,
    /// More than one for a key if callers have different error types, or if the first is outdated.
    flights: Mutex<HashMap<Arc<str>, Vec<Flight>>>,
}

#[derive(Debug)]
struct Flight {
    /// Position of the log at the start of the flight.
    as_of: u64,
    tags: Box<[Tag]>,
    /// A `watch::Receiver<Stage<E>>`.
    stage: Box<dyn Any + Send>,
    id: Arc<()>,
}

/// Result of a load.
pub(crate) type Outcome<E> = Result<FoundEntry, LoadError<E>>;

/// Progress of a load.
#[derive(Debug)]
pub(crate) enum Stage<E> {
    /// The levels are being looked up by one of the callers.
    Lookup,
    /// The loader runs in a separate task. The field is the value found before, fresh or stale.
    Loading(Option<FoundEntry>),
    /// The load has ended. The second field is the value found before.
    Done(Outcome<E>, Option<FoundEntry>),
}

/// A caller that waits for a load.
#[derive(Debug)]
pub(crate) struct Waiter<E>(watch::Receiver<Stage<E>>);

/// The load of one key. If it is dropped without a call of [`finish`](Self::finish), the waiters receive no result.
#[derive(Debug)]
pub(crate) struct Leader<E> {
    flights: Arc<SingleFlight>,
    key: Arc<str>,
    id: Arc<()>,
    stage: watch::Sender<Stage<E>>,
}

impl SingleFlight {
    pub(crate) fn new(log: Arc<InvalidationLog>) -> Self {
        Self { log, flights: Mutex::default() }
    }

    /// Joins the load of `key`, or begins one. A load is not joined if an invalidation since its beginning covers the key
    /// or its tags.
    pub(crate) fn join<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        key: &str,
        tags: &[Tag],
    ) -> (Waiter<E>, Option<Leader<E>>) {
        let mut flights = self.lock();
        let joined = flights.get(key).into_iter().flatten().find_map(|flight| {
            let stage = flight.stage.downcast_ref::<watch::Receiver<Stage<E>>>()?;
            let is_current = self.log.covered(flight.as_of, key, &flight.tags).is_none();
            (is_current && !matches!(*stage.borrow(), Stage::Done(..))).then(|| stage.clone())
        });
        if let Some(stage) = joined {
            return (Waiter(stage), None);
        }

        let key: Arc<str> = key.into();
        let id = Arc::new(());
        let (sender, stage) = watch::channel(Stage::Lookup);
        flights.entry(Arc::clone(&key)).or_default().push(Flight {
            as_of: self.log.position(),
            tags: tags.into(),
            stage: Box::new(stage.clone()),
            id: Arc::clone(&id),
        });
        drop(flights);
        (Waiter(stage), Some(Leader { flights: Arc::clone(self), key, id, stage: sender }))
    }

    fn end(&self, key: &str, id: &Arc<()>) {
        let mut flights = self.lock();
        if let Some(same_key) = flights.get_mut(key) {
            same_key.retain(|flight| !Arc::ptr_eq(&flight.id, id));
            if same_key.is_empty() {
                flights.remove(key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Vec<Flight>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E> Waiter<E> {
    /// Waits until the levels have been looked up, and returns the value found before; `None` if the leader has left.
    pub(crate) async fn wait_for_lookup(&mut self) -> Option<Stage<E>> {
        let stage = self.0.wait_for(|stage| !matches!(stage, Stage::Lookup)).await.ok()?;
        Some(stage.clone())
    }

    /// Waits until the load has ended.
    pub(crate) async fn outcome(&mut self) -> Outcome<E> {
        match self.0.wait_for(|stage| matches!(stage, Stage::Done(..))).await.as_deref() {
            Ok(Stage::Done(outcome, _)) => outcome.clone(),
            _ => Err(LoadError::Interrupted),
        }
    }
}

impl<E> Leader<E> {
    /// Returns the key.
    pub(crate) fn key(&self) -> &Arc<str> {
        &self.key
    }

    /// Reports that the loader begins to run. `previous` is the value found before.
    pub(crate) fn begin_loading(&self, previous: Option<FoundEntry>) {
        self.stage.send_replace(Stage::Loading(previous));
    }

    /// Sends `outcome` to all waiters.
    pub(crate) fn finish(&self, outcome: Outcome<E>) {
        self.stage.send_modify(|stage| {
            let previous = match stage {
                Stage::Loading(previous) | Stage::Done(_, previous) => previous.take(),
                Stage::Lookup => None,
            };
            *stage = Stage::Done(outcome, previous);
        });
        self.flights.end(&self.key, &self.id);
    }
}

impl<E> Drop for Leader<E> {
    fn drop(&mut self) {
        self.flights.end(&self.key, &self.id);
    }
}

impl<E> Clone for Stage<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Lookup => Self::Lookup,
            Self::Loading(previous) => Self::Loading(previous.clone()),
            Self::Done(outcome, previous) => Self::Done(outcome.clone(), previous.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invalidation::{Invalidation, Scope};

    fn flights() -> Arc<SingleFlight> {
        Arc::new(SingleFlight::new(Arc::new(InvalidationLog::new(100, 0))))
    }

    fn lead(flights: &Arc<SingleFlight>, key: &str, tags: &[Tag]) -> Leader<()> {
        flights.join(key, tags).1.unwrap()
    }

    #[test]
    fn a_key_has_one_leader_until_its_load_ends() {
        let flights = flights();
        let leader = lead(&flights, "key", &[]);

        let second = flights.join::<()>("key", &[]).1;
        leader.finish(Err(LoadError::Interrupted));
        let third = flights.join::<()>("key", &[]).1;

        assert!(second.is_none() && third.is_some());
    }

    #[test]
    fn load_is_removed_when_it_ends() {
        let flights = flights();

        lead(&flights, "finished", &[]).finish(Err(LoadError::Interrupted));
        drop(lead(&flights, "dropped", &[]));

        assert!(flights.lock().is_empty());
    }

    #[test]
    fn outdated_load_is_not_joined_and_does_not_affect_its_successor() {
        for scope in [Scope::key("key"), Scope::tag("a"), Scope::All] {
            let flights = flights();
            let outdated = lead(&flights, "key", &["a".into()]);
            flights.log.append(&Invalidation::expire(scope), []);

            let successor = lead(&flights, "key", &["a".into()]);
            drop(outdated);

            assert!(flights.join::<()>("key", &[]).1.is_none());
            drop(successor);
        }
    }

    #[test]
    fn callers_with_different_errors_load_separately() {
        let flights = flights();
        let _leader = lead(&flights, "key", &[]);

        let other = flights.join::<String>("key", &[]).1;

        assert!(other.is_some());
    }

    #[tokio::test]
    async fn waiters_are_notified_when_the_leader_is_dropped() {
        let flights = flights();
        let leader = lead(&flights, "key", &[]);
        let (mut waiter, none) = flights.join::<()>("key", &[]);

        drop(leader);

        assert!(none.is_none() && waiter.wait_for_lookup().await.is_none());
    }
}
