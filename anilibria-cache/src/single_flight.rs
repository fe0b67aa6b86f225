//! One load per key at a time, however many callers ask for it.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, watch};

use crate::{Action, Cached, Invalidation, LoadError, Scope, Tag};

/// How a load ended.
pub(crate) type Outcome<E> = Result<Cached, LoadError<E>>;

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

/// How far a load has come.
#[derive(Debug)]
pub(crate) enum Stage<E> {
    /// The levels are asked, by one of the callers; if that one leaves, another takes its place.
    Asking,
    /// The loader runs, in a task of its own. This is what can be served meanwhile.
    Loading(Option<Cached>),
    /// It has ended.
    Done(Outcome<E>),
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
        let waiter = Waiter { stage: waiter, validity: Arc::clone(&validity), told: 0 };
        flights.entry(Arc::clone(&key)).or_default().push(Flight {
            tags: tags.into(),
            validity: Arc::clone(&validity),
            waiter: Box::new(waiter.clone()),
        });
        (waiter, Some(Lead { flights: Arc::clone(self), key, validity, stage }))
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
        let waiter = self.waiter.downcast_ref::<Waiter<E>>()?;
        let told = self.validity.told()?;
        let is_done = matches!(*waiter.stage.borrow(), Stage::Done(_));
        (!is_done).then(|| Waiter { told, ..waiter.clone() })
    }
}

/// The duty to end a load. Dropped without an [`answer`](Lead::answer), it tells the waiters that nothing will come from
/// here.
pub(crate) struct Lead<E> {
    flights: Arc<SingleFlight>,
    key: Arc<str>,
    validity: Arc<Validity>,
    stage: watch::Sender<Stage<E>>,
}

impl<E> Lead<E> {
    /// The key that is loaded.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// What may become of a result that carries `tags`.
    pub(crate) fn verdict(&self, tags: &[Tag]) -> Verdict {
        match self.validity.verdict(tags) {
            Verdict::Keep => self.flights.under_way(&self.key, tags).map_or(Verdict::Keep, Verdict::TakeBack),
            verdict => verdict,
        }
    }

    /// Waits until something was changed that the verdict may depend on. Only one can wait.
    pub(crate) async fn changed(&self) {
        self.validity.news.notified().await;
    }

    /// The loader begins to run; `meanwhile` can be served.
    pub(crate) fn begin_loading(&self, meanwhile: Option<Cached>) {
        self.stage.send_replace(Stage::Loading(meanwhile));
    }

    /// Hands `outcome` to all waiters. Later callers start another load; this one still hears what changes until it is
    /// dropped.
    pub(crate) fn answer(&self, outcome: Outcome<E>) {
        self.stage.send_replace(Stage::Done(outcome));
    }
}

impl<E> Drop for Lead<E> {
    fn drop(&mut self) {
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

/// One who waits for a load to end.
pub(crate) struct Waiter<E> {
    stage: watch::Receiver<Stage<E>>,
    validity: Arc<Validity>,
    /// How many tags had been changed when it came.
    told: usize,
}

/// How waiting ended.
#[derive(Debug)]
pub(crate) enum Waited<E> {
    /// With this.
    Outcome(Outcome<E>),
    /// The loader runs; this can be served meanwhile.
    Loading(Option<Cached>),
    /// Who asked the levels left before the answer; somebody has to take its place.
    Deserted,
}

impl<E> Waiter<E> {
    /// Waits until the levels have been asked.
    pub(crate) async fn asked(&mut self) -> Waited<E> {
        match self.stage.wait_for(|stage| !matches!(stage, Stage::Asking)).await {
            Ok(stage) => match &*stage {
                Stage::Asking => Waited::Deserted,
                Stage::Loading(meanwhile) => Waited::Loading(meanwhile.clone()),
                Stage::Done(outcome) => Waited::Outcome(outcome.clone()),
            },
            Err(_leader_is_gone) => Waited::Deserted,
        }
    }

    /// Whether a result that carries `tags` is new enough for one who came when it did: none of them had been changed
    /// since the load began.
    pub(crate) fn may_have(&self, tags: &[Tag]) -> bool {
        self.validity.held(self.told, tags)
    }

    /// Waits until the load has ended.
    pub(crate) async fn outcome(&mut self) -> Outcome<E> {
        match self.stage.wait_for(|stage| matches!(stage, Stage::Done(_))).await.as_deref() {
            Ok(Stage::Done(outcome)) => outcome.clone(),
            _ => Err(LoadError::Interrupted),
        }
    }
}

impl<E> Clone for Waiter<E> {
    fn clone(&self) -> Self {
        Self { stage: self.stage.clone(), validity: Arc::clone(&self.validity), told: self.told }
    }
}

/// What may become of the result of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may be kept.
    Keep,
    /// It may not, and what of it is already written has to go in this way: what it depends on was changed meanwhile.
    TakeBack(Action),
    /// It may not, and what it may have written is already replaced.
    Leave,
}

/// What was changed while a load was under way.
#[derive(Default)]
struct Validity {
    changes: Mutex<Changes>,
    news: Notify,
}

#[derive(Default)]
struct Changes {
    what: Changed,
    /// Whether something was removed, not only expired: then the old value may not be served as stale either.
    removes: bool,
}

enum Changed {
    /// What carries one of these tags.
    Tags(Vec<Tag>),
    /// What is being loaded, or too much to remember.
    Everything,
    /// What is being loaded, which has got a new value.
    Superseded,
}

/// So many tags are remembered for a load under way; with more its result is not kept.
const MAX_CHANGED_TAGS: usize = 64;

impl Default for Changed {
    fn default() -> Self {
        Self::Tags(Vec::new())
    }
}

impl Validity {
    fn end(&self, action: Action) {
        self.change(action, |what| match what {
            Changed::Superseded => {}
            _ => *what = Changed::Everything,
        });
    }

    fn end_for(&self, tag: &Tag, action: Action) {
        self.change(action, |what| match what {
            Changed::Tags(tags) if tags.contains(tag) => {}
            Changed::Tags(tags) if tags.len() < MAX_CHANGED_TAGS => tags.push(tag.clone()),
            Changed::Superseded => {}
            _ => *what = Changed::Everything,
        });
    }

    fn supersede(&self) {
        self.change(Action::Expire, |what| *what = Changed::Superseded);
    }

    fn change(&self, action: Action, note: impl FnOnce(&mut Changed)) {
        let mut changes = self.lock();
        changes.removes |= action == Action::Remove;
        note(&mut changes.what);
        drop(changes);
        self.news.notify_one();
    }

    /// How many tags have been changed; `None` when more has.
    fn told(&self) -> Option<usize> {
        match &self.lock().what {
            Changed::Tags(tags) => Some(tags.len()),
            Changed::Everything | Changed::Superseded => None,
        }
    }

    /// Whether none of `tags` was among the first `told` that were changed.
    fn held(&self, told: usize, tags: &[Tag]) -> bool {
        match &self.lock().what {
            Changed::Tags(changed) => !changed.iter().take(told).any(|tag| tags.contains(tag)),
            // Which they were is forgotten.
            Changed::Everything | Changed::Superseded => told == 0,
        }
    }

    fn verdict(&self, tags: &[Tag]) -> Verdict {
        let changes = self.lock();
        match &changes.what {
            Changed::Tags(those) if !tags.iter().any(|tag| those.contains(tag)) => Verdict::Keep,
            Changed::Tags(_) | Changed::Everything => {
                Verdict::TakeBack(if changes.removes { Action::Remove } else { Action::Expire })
            }
            Changed::Superseded => Verdict::Leave,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
