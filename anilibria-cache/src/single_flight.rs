//! One load per key at a time, however many callers ask for it.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{Cached, LoadError, Pattern, Tag};

/// How a load ended.
pub(crate) type Outcome<E> = Result<Cached, LoadError<E>>;

/// The loads under way. There are never more than callers that started one.
#[derive(Default)]
pub(crate) struct SingleFlight(Mutex<Flights>);

/// By key; more than one under a key only where callers with different error types meet.
type Flights = HashMap<Arc<str>, Vec<Flight>>;

struct Flight {
    /// The tags its result will carry for certain.
    tags: Box<[Tag]>,
    validity: Arc<Validity>,
    /// A `Waiter<E>`; which `E` only the callers know.
    waiter: Box<dyn Any + Send>,
}

impl SingleFlight {
    /// Joins the load of `key`; starts one if there is none, in which case ending it becomes the caller's
    /// duty.
    pub(crate) fn join<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        key: &str,
        tags: &[Tag],
    ) -> (Waiter<E>, Option<Lead<E>>) {
        let mut flights = self.lock();
        let mut under_way = flights.get(key).into_iter().flatten();
        if let Some(waiter) = under_way.find_map(|flight| flight.waiter.downcast_ref::<Waiter<E>>()) {
            return (waiter.clone(), None);
        }

        let key: Arc<str> = key.into();
        let (outcome, waiter) = watch::channel(None);
        let waiter = Waiter(waiter);
        let validity = Arc::new(Validity::default());
        flights.entry(Arc::clone(&key)).or_default().push(Flight {
            tags: tags.into(),
            validity: Arc::clone(&validity),
            waiter: Box::new(waiter.clone()),
        });
        (waiter, Some(Lead { flights: Arc::clone(self), key, validity, outcome }))
    }

    /// `key` was changed: a load of it that began before is out of date, and no later caller joins it.
    pub(crate) fn outdate(&self, key: &str) {
        self.lock().remove(key).iter().flatten().for_each(|flight| flight.validity.end());
    }

    /// The same for all keys that match `pattern`.
    pub(crate) fn outdate_matching(&self, pattern: &Pattern) {
        self.end_unless(|key, _| !pattern.matches(key));
    }

    /// The same for all keys.
    pub(crate) fn outdate_all(&self) {
        self.end_unless(|_, _| false);
    }

    /// What carries `tag` was changed: loads that will carry it are out of date, and so is the result of any
    /// other if it turns out to carry it.
    pub(crate) fn outdate_tag(&self, tag: &Tag) {
        self.end_unless(|_, flight| {
            flight.validity.end_for(tag);
            !flight.tags.contains(tag)
        });
    }

    fn end_unless(&self, mut stays: impl FnMut(&str, &Flight) -> bool) {
        self.lock().retain(|key, flights| {
            flights.retain(|flight| {
                let stays = stays(key, flight);
                if !stays {
                    flight.validity.end();
                }
                stays
            });
            !flights.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, Flights> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to end a load. Dropped without [`finish`](Lead::finish), it tells the waiters that nothing will
/// come.
pub(crate) struct Lead<E> {
    flights: Arc<SingleFlight>,
    key: Arc<str>,
    validity: Arc<Validity>,
    outcome: watch::Sender<Option<Outcome<E>>>,
}

impl<E> Lead<E> {
    /// The key that is loaded.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether a result that carries `tags` may be kept: nothing it depends on was changed since the load
    /// began.
    pub(crate) fn may_keep(&self, tags: &[Tag]) -> bool {
        self.validity.covers(tags)
    }

    /// Hands `outcome` to all waiters.
    pub(crate) fn finish(self, outcome: Outcome<E>) {
        // In this order, so that who was told of a failure and tries again starts a new load.
        self.leave();
        self.outcome.send_replace(Some(outcome));
    }

    fn leave(&self) {
        let mut flights = self.flights.lock();
        let Some(same_key) = flights.get_mut(&*self.key) else {
            return;
        };
        // Another load may have taken the place of one that was out of date.
        same_key.retain(|flight| !Arc::ptr_eq(&flight.validity, &self.validity));
        if same_key.is_empty() {
            flights.remove(&*self.key);
        }
    }
}

impl<E> Drop for Lead<E> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// One who waits for a load to end.
pub(crate) struct Waiter<E>(watch::Receiver<Option<Outcome<E>>>);

impl<E> Waiter<E> {
    /// How the load ended.
    pub(crate) async fn outcome(mut self) -> Outcome<E> {
        match self.0.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(LoadError::Interrupted)),
            Err(_leader_is_gone) => Err(LoadError::Interrupted),
        }
    }
}

impl<E> Clone for Waiter<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// What was changed while a load was under way.
#[derive(Default)]
struct Validity(Mutex<Changed>);

enum Changed {
    /// What carries one of these tags.
    Tags(Vec<Tag>),
    /// What is being loaded, or too much to remember.
    Everything,
}

/// So many tags are remembered for a load under way; with more its result is not kept.
const MAX_CHANGED_TAGS: usize = 64;

impl Default for Changed {
    fn default() -> Self {
        Self::Tags(Vec::new())
    }
}

impl Validity {
    fn end(&self) {
        *self.lock() = Changed::Everything;
    }

    fn end_for(&self, tag: &Tag) {
        let mut changed = self.lock();
        match &mut *changed {
            Changed::Tags(tags) if tags.contains(tag) => {}
            Changed::Tags(tags) if tags.len() < MAX_CHANGED_TAGS => tags.push(tag.clone()),
            _ => *changed = Changed::Everything,
        }
    }

    fn covers(&self, tags: &[Tag]) -> bool {
        match &*self.lock() {
            Changed::Tags(changed) => !tags.iter().any(|tag| changed.contains(tag)),
            Changed::Everything => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Changed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(flights: &Arc<SingleFlight>, key: &str, tags: &[Tag]) -> Lead<()> {
        flights.join(key, tags).1.unwrap()
    }

    #[test]
    fn a_key_has_one_leader_until_its_load_ends() {
        let flights = Arc::default();
        let lead = start(&flights, "key", &[]);

        let second = flights.join::<()>("key", &[]).1;
        lead.finish(Err(LoadError::Interrupted));
        let third = flights.join::<()>("key", &[]).1;

        assert!(second.is_none() && third.is_some());
    }

    #[test]
    fn nothing_is_left_of_a_load_however_it_ends() {
        let flights = Arc::default();

        start(&flights, "finished", &[]).finish(Err(LoadError::Interrupted));
        drop(start(&flights, "dropped", &[]));
        let outdated = start(&flights, "outdated", &[]);
        flights.outdate("outdated");
        drop(outdated);

        assert!(flights.lock().is_empty());
    }

    #[test]
    fn the_end_of_an_outdated_load_leaves_its_successor_alone() {
        let flights = Arc::default();
        let outdated = start(&flights, "key", &[]);
        flights.outdate("key");
        let successor = start(&flights, "key", &[]);

        drop(outdated);

        assert!(flights.join::<()>("key", &[]).1.is_none());
        assert!(successor.may_keep(&[]));
    }

    #[test]
    fn callers_with_different_errors_load_apart() {
        let flights = Arc::default();
        let _lead = start(&flights, "key", &[]);

        let other = flights.join::<String>("key", &[]).1;

        assert!(other.is_some());
    }

    #[test]
    fn a_tag_that_turns_up_late_still_outdates_the_load() {
        let flights = Arc::default();
        let lead = start(&flights, "key", &[]);

        flights.outdate_tag(&"a".into());

        assert!(lead.may_keep(&["b".into()]));
        assert!(!lead.may_keep(&["a".into(), "b".into()]));
    }

    #[test]
    fn a_load_known_to_carry_a_changed_tag_takes_no_more_waiters() {
        let flights = Arc::default();
        let lead = start(&flights, "key", &["a".into()]);

        flights.outdate_tag(&"a".into());

        assert!(!lead.may_keep(&[]));
        assert!(flights.join::<()>("key", &[]).1.is_some());
    }

    #[test]
    fn a_load_remembers_a_bounded_number_of_changes() {
        let flights = Arc::default();
        let lead = start(&flights, "key", &[]);

        for number in 0..MAX_CHANGED_TAGS {
            flights.outdate_tag(&format!("tag:{number}").into());
        }
        let before = lead.may_keep(&["other".into()]);
        flights.outdate_tag(&"one too many".into());

        assert!(before && !lead.may_keep(&["other".into()]));
    }

    #[test]
    fn a_pattern_outdates_the_loads_it_matches() {
        let flights = Arc::default();
        let title = start(&flights, "title:1", &[]);
        let genres = start(&flights, "genres", &[]);

        flights.outdate_matching(&"title:*".into());

        assert!(!title.may_keep(&[]) && genres.may_keep(&[]));
    }
}
