//! One load per key at a time, however many callers ask for it.

mod lead;
mod validity;
mod waiter;

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

pub(crate) use self::{
    lead::Lead,
    validity::Verdict,
    waiter::{Waited, Waiter},
};
use self::{validity::Validity, waiter::Stage};
use crate::{
    invalidation::{Action, Invalidation, Scope},
    tag::Tag,
};

/// The loads under way, and those that ended so shortly ago that what they wrote may have to be taken back.
#[derive(Default)]
pub(crate) struct SingleFlight {
    flights: Mutex<Flights>,
    /// The invalidations under way, which no result that they are about may be kept during.
    invalidations: Mutex<Vec<Arc<Invalidation>>>,
}

/// By key. More than one under a key where callers with different error types meet, or where one has been answered.
type Flights = HashMap<Arc<str>, Vec<Flight>>;

struct Flight {
    /// The tags its result will carry for certain.
    tags: Box<[Tag]>,
    validity: Arc<Validity>,
    /// A `Waiter<E>`; which `E` only the callers know.
    waiter: Box<dyn Any + Send>,
}

impl SingleFlight {
    /// Joins the load of `key`; starts one if there is none, in which case ending it becomes the caller's duty.
    pub(crate) fn join<E: Send + Sync + 'static>(
        self: &Arc<Self>,
        key: &str,
        tags: &[Tag],
    ) -> (Waiter<E>, Option<Lead<E>>) {
        let mut flights = self.lock();
        let mut under_way = flights.get(key).into_iter().flatten();
        if let Some(waiter) = under_way.find_map(Flight::waiter_unless_done) {
            return (waiter, None);
        }

        let key: Arc<str> = key.into();
        let (stage, waiter) = watch::channel(Stage::Asking);
        let validity = Arc::new(Validity::default());
        let waiter = Waiter::new(waiter, Arc::clone(&validity));
        flights.entry(Arc::clone(&key)).or_default().push(Flight {
            tags: tags.into(),
            validity: Arc::clone(&validity),
            waiter: Box::new(waiter.clone()),
        });
        (waiter, Some(Lead::new(Arc::clone(self), key, validity, stage)))
    }

    /// What `invalidation` is about was changed: loads of it that began before are out of date, and no later caller joins them.
    /// Nor may the result of any other be kept if it turns out to carry the tag.
    pub(crate) fn outdate(&self, invalidation: &Invalidation) {
        let Invalidation { scope, action } = invalidation;
        let tell = |key: &str, flight: &Flight| match scope {
            Scope::Tag(tag) if !flight.tags.contains(tag) => flight.validity.end_for(tag, *action),
            scope if scope.covers(key, &flight.tags) => flight.validity.end(*action),
            _ => {}
        };
        let flights = self.lock();
        match scope {
            Scope::Key(key) => flights.get(key).into_iter().flatten().for_each(|flight| tell(key, flight)),
            _ => flights.iter().for_each(|(key, same)| same.iter().for_each(|flight| tell(key, flight))),
        }
    }

    /// `key` was given another value: a load of it that began before has nothing to keep, and nothing to take back.
    pub(crate) fn supersede(&self, key: &str) {
        self.lock().get(key).into_iter().flatten().for_each(|flight| flight.validity.supersede());
    }

    /// The same for as long as the levels are being told, until what this returns is dropped: what a load has found on a
    /// level that is still to come may not be kept on one that has been told.
    pub(crate) fn begin_invalidation(&self, invalidation: &Invalidation) -> UnderWay<'_> {
        let invalidation = Arc::new(invalidation.clone());
        self.lock_invalidations().push(Arc::clone(&invalidation));
        self.outdate(&invalidation);
        UnderWay { of: self, invalidation }
    }

    /// What is being done to what lies under `key` and carries `tags`.
    fn under_way(&self, key: &str, tags: &[Tag]) -> Option<Action> {
        let invalidations = self.lock_invalidations();
        let mut actions = invalidations.iter().filter(|it| it.scope.covers(key, tags)).map(|it| it.action);
        let first = actions.next()?;
        Some(if actions.any(|action| action == Action::Remove) { Action::Remove } else { first })
    }

    /// The load of `key` that `validity` is of has ended. Another may have taken the place of one that was out of date.
    fn end(&self, key: &str, validity: &Arc<Validity>) {
        let mut flights = self.lock();
        let Some(same_key) = flights.get_mut(key) else {
            return;
        };
        same_key.retain(|flight| !Arc::ptr_eq(&flight.validity, validity));
        if same_key.is_empty() {
            flights.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_invalidations(&self) -> MutexGuard<'_, Vec<Arc<Invalidation>>> {
        self.invalidations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An invalidation under way.
pub(crate) struct UnderWay<'a> {
    of: &'a SingleFlight,
    invalidation: Arc<Invalidation>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.of.lock_invalidations().retain(|other| !Arc::ptr_eq(other, &self.invalidation));
    }
}

impl Flight {
    fn waiter_unless_done<E: 'static>(&self) -> Option<Waiter<E>> {
        self.waiter.downcast_ref::<Waiter<E>>()?.again_unless_done()
    }
}

#[cfg(test)]
mod tests {
    use super::{validity::MAX_CHANGED_TAGS, *};
    use crate::error::LoadError;

    fn start(flights: &Arc<SingleFlight>, key: &str, tags: &[Tag]) -> Lead<()> {
        flights.join(key, tags).1.unwrap()
    }

    fn may_keep(lead: &Lead<()>, tags: &[Tag]) -> bool {
        lead.verdict(tags) == Verdict::Keep
    }

    #[test]
    fn a_key_has_one_leader_until_its_load_ends() {
        let flights = Arc::default();
        let lead = start(&flights, "key", &[]);

        let second = flights.join::<()>("key", &[]).1;
        lead.answer(Err(LoadError::Interrupted));
        let third = flights.join::<()>("key", &[]).1;

        assert!(second.is_none() && third.is_some());
    }

    #[test]
    fn nothing_is_left_of_a_load_however_it_ends() {
        let flights = Arc::default();

        start(&flights, "finished", &[]).answer(Err(LoadError::Interrupted));
        drop(start(&flights, "dropped", &[]));
        let outdated = start(&flights, "outdated", &[]);
        flights.outdate(&Invalidation::expire(Scope::key("outdated")));
        drop(outdated);

        assert!(flights.lock().is_empty());
    }

    #[test]
    fn the_end_of_an_outdated_load_leaves_its_successor_alone() {
        let flights = Arc::default();
        let outdated = start(&flights, "key", &[]);
        flights.outdate(&Invalidation::expire(Scope::key("key")));
        let successor = start(&flights, "key", &[]);

        drop(outdated);

        assert!(flights.join::<()>("key", &[]).1.is_none());
        assert!(may_keep(&successor, &[]));
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

        flights.outdate(&Invalidation::expire(Scope::tag("a")));

        assert!(may_keep(&lead, &["b".into()]));
        assert!(!may_keep(&lead, &["a".into(), "b".into()]));
    }

    #[test]
    fn a_load_known_to_carry_a_changed_tag_takes_no_more_waiters() {
        let flights = Arc::default();
        let lead = start(&flights, "key", &["a".into()]);

        flights.outdate(&Invalidation::expire(Scope::tag("a")));

        assert!(!may_keep(&lead, &[]));
        assert!(flights.join::<()>("key", &[]).1.is_some());
    }

    #[test]
    fn a_load_remembers_a_bounded_number_of_changes() {
        let flights = Arc::default();
        let lead = start(&flights, "key", &[]);

        for number in 0..MAX_CHANGED_TAGS {
            flights.outdate(&Invalidation::expire(Scope::tag(format!("tag:{number}"))));
        }
        let before = may_keep(&lead, &["other".into()]);
        flights.outdate(&Invalidation::expire(Scope::tag("one too many")));

        assert!(before && !may_keep(&lead, &["other".into()]));
    }

    #[test]
    fn a_pattern_outdates_the_loads_it_matches() {
        let flights = Arc::default();
        let title = start(&flights, "title:1", &[]);
        let genres = start(&flights, "genres", &[]);

        flights.outdate(&Invalidation::expire(Scope::matching("title:*")));

        assert!(!may_keep(&title, &[]) && may_keep(&genres, &[]));
    }

    #[test]
    fn a_load_that_was_answered_still_hears_what_changes() {
        let flights = Arc::default();
        let lead = start(&flights, "key", &[]);
        lead.answer(Err(LoadError::Interrupted));

        flights.outdate(&Invalidation::expire(Scope::key("key")));

        assert_eq!(lead.verdict(&[]), Verdict::TakeBack(Action::Expire));
    }

    #[test]
    fn a_removal_prevails_over_an_expiration_before_or_after_it() {
        for actions in [[Action::Expire, Action::Remove], [Action::Remove, Action::Expire]] {
            let flights = Arc::default();
            let lead = start(&flights, "key", &[]);

            for action in actions {
                flights.outdate(&Invalidation { scope: Scope::key("key"), action });
            }

            assert_eq!(lead.verdict(&[]), Verdict::TakeBack(Action::Remove));
        }
    }

    #[test]
    fn nothing_is_kept_while_an_invalidation_of_it_is_under_way() {
        let flights = Arc::<SingleFlight>::default();
        let under_way = flights.begin_invalidation(&Invalidation::remove(Scope::tag("a")));
        let lead = start(&flights, "key", &[]);

        let meanwhile = [lead.verdict(&["a".into()]), lead.verdict(&["b".into()])];
        drop(under_way);

        assert_eq!(meanwhile, [Verdict::TakeBack(Action::Remove), Verdict::Keep]);
        assert!(may_keep(&lead, &["a".into()]));
    }

    #[test]
    fn who_joins_after_a_tag_was_changed_may_not_have_what_carries_it() {
        let flights = Arc::<SingleFlight>::default();
        let (before, lead) = flights.join::<()>("key", &[]);
        flights.outdate(&Invalidation::expire(Scope::tag("a")));

        let after = flights.join::<()>("key", &[]).0;

        assert!(lead.is_some() && before.may_have(&["a".into()]));
        assert!(!after.may_have(&["a".into()]) && after.may_have(&["b".into()]));
    }

    #[test]
    fn a_load_whose_key_got_a_new_value_has_nothing_to_take_back() {
        let flights = Arc::default();
        let lead = start(&flights, "key", &[]);

        flights.supersede("key");

        assert_eq!(lead.verdict(&[]), Verdict::Leave);
    }

    #[tokio::test]
    async fn waiters_learn_that_the_one_who_asked_has_left() {
        let flights = Arc::default();
        let lead = start(&flights, "key", &[]);
        let (mut waiter, none) = flights.join::<()>("key", &[]);

        drop(lead);

        assert!(none.is_none() && matches!(waiter.asked().await, Waited::Deserted));
    }
}
