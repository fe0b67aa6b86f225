//! Numbered log of recent invalidations. It decides which values are outdated, so that an outdated value is neither stored
//! nor served as fresh. The numbers are a logical clock of the cache.
//!
//! # Rules
//!
//! 1. Each invalidation is appended and gets the next number ([`append`](InvalidationLog::append)).
//! 2. Each value has an *as-of* number. All invalidations up to this number are reflected in the value:
//!    - for a loaded value, the last number before the load began;
//!    - for a value found on a level, the number up to which this level has applied all invalidations
//!      ([`as_of`](InvalidationLog::as_of)).
//! 3. A value is outdated if an invalidation with a number greater than its as-of number covers its key or one of its tags
//!    ([`covered`](InvalidationLog::covered)). A removal takes precedence over an expiry.
//! 4. *Consumers* apply the invalidations: one consumer for each level, and one for the backplane. For each consumer the log
//!    stores which invalidations it has not applied yet. If applying one fails, a repair applies it later
//!    ([`next_waiting`](InvalidationLog::next_waiting)).
//! 5. The log is bounded. If it is full, it drops the oldest record. From then on, every value with an as-of number below the
//!    number of the dropped record counts as covered by it. A consumer that has not applied the dropped record must apply one
//!    invalidation of all entries instead (`Overflow`).
//! 6. Equal invalidations (same scope and action) share one record, which has the greatest of their numbers. An older record
//!    of the same invalidation stays only while a consumer must still apply it and need not apply the new one.
//!
//! # Example
//!
//! | number | event | effect |
//! | --- | --- | --- |
//! | 7 | last invalidation so far | |
//! | | a load of `k` begins | as-of number of its value: 7 |
//! | 8 | `k` is removed; level 1 applies it, level 2 is unavailable | level 1 is as of 8, level 2 as of 7 |
//! | | the load ends | 8 > 7 and covers `k`: the value is not stored |
//! | | `k` is found on level 2 | 8 > 7 and covers `k`: the entry is ignored |
//! | | level 2 is available again | a repair applies number 8; level 2 is as of 8 |

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::{
    invalidation::{Action, Invalidation, Scope},
    pattern::Pattern,
    tag::Tag,
};

/// Maximum number of patterns in the log, because each lookup compares all of them.
const MAX_PATTERNS: usize = 64;

/// Log of one cache; see the [module](self).
#[derive(Debug)]
pub(crate) struct InvalidationLog {
    position: AtomicU64,
    /// Number of unapplied invalidations of each consumer.
    unapplied: Box<[AtomicUsize]>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    capacity: usize,
    /// Invalidations by number, see rule 6 of the [module](self).
    records: BTreeMap<u64, Invalidation>,
    keys: HashMap<Arc<str>, Numbers>,
    tags: HashMap<Tag, Numbers>,
    patterns: HashMap<Pattern, Numbers>,
    all: Numbers,
    /// Greatest numbers that were dropped from the log, see rule 5 of the [module](self).
    dropped: Numbers,
    consumers: Box<[Consumer]>,
}

/// Greatest numbers of the invalidations of one scope; 0 if there is none.
#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    expired: u64,
    removed: u64,
}

#[derive(Debug, Default)]
struct Consumer {
    unapplied: BTreeMap<u64, Progress>,
    overflow: Option<Overflow>,
}

/// Unapplied invalidations of a consumer that were dropped from the log. The consumer must invalidate all entries instead.
#[derive(Clone, Copy, Debug)]
struct Overflow {
    first: u64,
    last: u64,
    action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// The invalidation is being applied.
    Running,
    /// A repair has to apply the invalidation.
    Waiting,
}

impl InvalidationLog {
    /// Creates a log of at most `capacity` invalidations for `consumers` consumers.
    pub(crate) fn new(capacity: usize, consumers: usize) -> Self {
        let state = State {
            capacity: capacity.max(1),
            records: BTreeMap::new(),
            keys: HashMap::new(),
            tags: HashMap::new(),
            patterns: HashMap::new(),
            all: Numbers::default(),
            dropped: Numbers::default(),
            consumers: (0..consumers).map(|_| Consumer::default()).collect(),
        };
        Self {
            position: AtomicU64::new(0),
            unapplied: (0..consumers).map(|_| AtomicUsize::new(0)).collect(),
            state: Mutex::new(state),
        }
    }

    /// Returns the number of the last invalidation.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// Appends `invalidation` and returns its number. For each of `consumers`, which must apply the invalidation, the caller
    /// reports [`applied`](Self::applied) or [`failed`](Self::failed).
    pub(crate) fn append(
        &self,
        invalidation: &Invalidation,
        consumers: impl IntoIterator<Item = usize>,
    ) -> u64 {
        let mut state = self.lock();
        let number = self.position.load(Ordering::Relaxed) + 1;
        for consumer in consumers {
            if let Some(consumer) = state.consumers.get_mut(consumer) {
                consumer.unapplied.insert(number, Progress::Running);
            }
        }
        state.insert(number, invalidation);
        self.update_counts(&state);
        self.position.store(number, Ordering::Release);
        number
    }

    /// Returns the number up to which `consumer` has applied all invalidations.
    pub(crate) fn as_of(&self, consumer: usize) -> u64 {
        // The position is read first, so that an invalidation that it includes is already among the unapplied ones.
        let position = self.position();
        match self.unapplied.get(consumer).map(|count| count.load(Ordering::Acquire)) {
            Some(0) | None => position,
            Some(_) => {
                self.lock().consumers.get(consumer).and_then(Consumer::first).map_or(position, |n| n - 1)
            }
        }
    }

    /// Returns the action of the invalidations after `as_of` that cover the value of `key` with `tags`; `None` if no invalidation
    /// covers it. A removal takes precedence over an expiry.
    pub(crate) fn covered(&self, as_of: u64, key: &str, tags: &[Tag]) -> Option<Action> {
        if self.position() <= as_of {
            return None;
        }
        let state = self.lock();
        let patterns = state.patterns.iter().filter(|(pattern, _)| pattern.matches(key)).map(|(_, it)| it);
        let newest = [&state.dropped, &state.all]
            .into_iter()
            .chain(state.keys.get(key))
            .chain(tags.iter().filter_map(|tag| state.tags.get(tag)))
            .chain(patterns)
            .fold(Numbers::default(), |newest, numbers| Numbers {
                expired: newest.expired.max(numbers.expired),
                removed: newest.removed.max(numbers.removed),
            });
        match (newest.removed > as_of, newest.expired > as_of) {
            (true, _) => Some(Action::Remove),
            (false, true) => Some(Action::Expire),
            (false, false) => None,
        }
    }

    /// Reports that `consumer` has applied the invalidation `number`.
    pub(crate) fn applied(&self, consumer: usize, number: u64) {
        let mut state = self.lock();
        if let Some(consumer) = state.consumers.get_mut(consumer) {
            consumer.unapplied.remove(&number);
            consumer.overflow.take_if(|overflow| overflow.last == number);
        }
        self.update_counts(&state);
    }

    /// Reports that `consumer` could not apply the invalidation `number`, so that a repair must apply it.
    pub(crate) fn failed(&self, consumer: usize, number: u64) {
        let mut state = self.lock();
        let progress = state.consumers.get_mut(consumer).and_then(|it| it.unapplied.get_mut(&number));
        if let Some(progress) = progress {
            *progress = Progress::Waiting;
        }
    }

    /// Returns the first invalidation that waits for a repair of `consumer`, and marks it as being applied.
    pub(crate) fn next_waiting(&self, consumer: usize) -> Option<(u64, Invalidation)> {
        let mut state = self.lock();
        let State { consumers, records, .. } = &mut *state;
        let consumer = consumers.get_mut(consumer)?;
        if let Some(Overflow { last, action, .. }) = consumer.overflow {
            return Some((last, Invalidation { scope: Scope::All, action }));
        }
        let (number, progress) = consumer.unapplied.iter_mut().find(|(_, it)| **it == Progress::Waiting)?;
        *progress = Progress::Running;
        Some((*number, records.get(number)?.clone()))
    }

    /// Returns the number of invalidations that wait for a repair of `consumer`.
    pub(crate) fn waiting(&self, consumer: usize) -> usize {
        if self.unapplied.get(consumer).is_none_or(|count| count.load(Ordering::Acquire) == 0) {
            return 0;
        }
        self.lock().consumers.get(consumer).map_or(0, |consumer| {
            let waiting = consumer.unapplied.values().filter(|it| **it == Progress::Waiting).count();
            waiting + usize::from(consumer.overflow.is_some())
        })
    }

    fn update_counts(&self, state: &State) {
        for (count, consumer) in self.unapplied.iter().zip(&state.consumers) {
            let unapplied = consumer.unapplied.len() + usize::from(consumer.overflow.is_some());
            count.store(unapplied, Ordering::Release);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn insert(&mut self, number: u64, invalidation: &Invalidation) {
        let Invalidation { scope, action } = invalidation;
        let numbers = match scope {
            Scope::Key(key) => self.keys.entry(Arc::clone(key)).or_default(),
            Scope::Tag(tag) => self.tags.entry(tag.clone()).or_default(),
            Scope::Matching(pattern) => self.patterns.entry(pattern.clone()).or_default(),
            Scope::All => &mut self.all,
        };
        let previous = std::mem::replace(numbers.of(*action), number);
        // The new record replaces the previous one of the same invalidation, unless a consumer must still apply the previous
        // record and need not apply the new one.
        let mut is_needed = false;
        for consumer in &mut self.consumers {
            if consumer.unapplied.contains_key(&number) {
                consumer.unapplied.remove(&previous);
            } else {
                is_needed |= consumer.unapplied.contains_key(&previous);
            }
        }
        if !is_needed {
            self.records.remove(&previous);
        }
        self.records.insert(number, invalidation.clone());
        if self.records.len() > self.capacity {
            self.drop_first(|_| true);
        }
        if self.patterns.len() > MAX_PATTERNS {
            self.drop_first(|record| matches!(record.scope, Scope::Matching(_)));
        }
    }

    /// Drops the oldest of the records that `which` selects.
    fn drop_first(&mut self, which: impl Fn(&Invalidation) -> bool) {
        let Some(number) = self.records.iter().find_map(|(number, it)| which(it).then_some(*number)) else {
            return;
        };
        let Some(Invalidation { scope, action }) = self.records.remove(&number) else { return };
        for consumer in &mut self.consumers {
            if consumer.unapplied.remove(&number).is_some() {
                let overflow =
                    consumer.overflow.get_or_insert(Overflow { first: number, last: number, action });
                overflow.first = overflow.first.min(number);
                overflow.last = overflow.last.max(number);
                overflow.action = overflow.action.max(action);
            }
        }
        let dropped = self.dropped.of(action);
        *dropped = number.max(*dropped);
        match scope {
            Scope::Key(key) => clear_number(&mut self.keys, &key, action, number),
            Scope::Tag(tag) => clear_number(&mut self.tags, &tag, action, number),
            Scope::Matching(pattern) => clear_number(&mut self.patterns, &pattern, action, number),
            Scope::All => self.all.clear_number(action, number),
        }
    }
}

/// Removes the dropped invalidation `number` of `key` from `map`.
fn clear_number<K: Hash + Eq>(map: &mut HashMap<K, Numbers>, key: &K, action: Action, number: u64) {
    if let Some(numbers) = map.get_mut(key) {
        numbers.clear_number(action, number);
        if numbers.expired == 0 && numbers.removed == 0 {
            map.remove(key);
        }
    }
}

impl Numbers {
    fn of(&mut self, action: Action) -> &mut u64 {
        match action {
            Action::Expire => &mut self.expired,
            Action::Remove => &mut self.removed,
        }
    }

    /// Clears the number of `action` if it is `number`. A greater number belongs to a newer record and stays.
    fn clear_number(&mut self, action: Action, number: u64) {
        let newest = self.of(action);
        if *newest == number {
            *newest = 0;
        }
    }
}

impl Consumer {
    /// Returns the number of the first invalidation that is not applied.
    fn first(&self) -> Option<u64> {
        let unapplied = self.unapplied.keys().next().copied();
        self.overflow.map(|overflow| overflow.first).into_iter().chain(unapplied).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(capacity: usize) -> InvalidationLog {
        InvalidationLog::new(capacity, 2)
    }

    fn tag(tag: &str) -> Invalidation {
        Invalidation::expire(Scope::tag(tag))
    }

    #[test]
    fn value_is_covered_by_later_invalidations_of_its_key_or_tags_only() {
        let scopes = [Scope::key("k"), Scope::tag("a"), Scope::matching("k*"), Scope::All];
        for scope in scopes {
            let log = log(10);
            let number = log.append(&Invalidation::expire(scope), []);
            let covered = [number - 1, number].map(|as_of| log.covered(as_of, "k", &["a".into()]));
            assert_eq!(covered, [Some(Action::Expire), None]);
        }
        let log = log(10);
        for scope in [Scope::key("other"), Scope::tag("other"), Scope::matching("other*")] {
            log.append(&Invalidation::remove(scope), []);
        }
        assert_eq!(log.covered(0, "k", &["a".into()]), None);
    }

    #[test]
    fn removal_takes_precedence_over_an_expiry_before_and_after_it() {
        let log = log(10);
        let first = log.append(&Invalidation::remove(Scope::key("k")), []);
        log.append(&Invalidation::expire(Scope::key("k")), []);

        assert_eq!(log.covered(0, "k", &[]), Some(Action::Remove));
        assert_eq!(log.covered(first, "k", &[]), Some(Action::Expire));
    }

    #[test]
    fn overflowing_log_covers_all_values_before_the_dropped_records() {
        let log = log(3);
        for number in 0..10 {
            log.append(&tag(&format!("{number}")), []);
        }

        assert_eq!(log.lock().records.len(), 3);
        assert_eq!(log.lock().tags.len(), 3);
        assert_eq!(log.covered(6, "k", &[]), Some(Action::Expire));
        assert_eq!(log.covered(7, "k", &[]), None);
    }

    #[test]
    fn repeated_invalidation_uses_one_record() {
        let log = log(3);
        for _ in 0..100 {
            log.append(&tag("a"), [0]);
        }

        assert_eq!((log.lock().records.len(), log.position()), (1, 100));
        assert_eq!(log.covered(0, "k", &[]), None);
        assert_eq!(log.as_of(0), 99);
    }

    #[test]
    fn repetition_for_some_consumers_keeps_the_first_record_for_the_others() {
        let log = log(3);
        let first = log.append(&tag("a"), [0, 1]);
        log.failed(1, first);
        let second = log.append(&tag("a"), [0]);

        assert_eq!((log.as_of(1), log.next_waiting(1)), (first - 1, Some((first, tag("a")))));
        for text in ["b", "c", "d"] {
            log.append(&tag(text), []);
        }
        // The first is dropped, the second is too.
        assert_eq!(log.covered(second, "k", &["a".into()]), None);
        assert_eq!(log.waiting(1), 1);
    }

    #[test]
    fn dropped_record_does_not_drop_its_repetition() {
        let log = log(2);
        let first = log.append(&tag("a"), [0]);
        let second = log.append(&tag("a"), []);
        log.append(&tag("b"), []);

        assert_eq!(log.lock().dropped.expired, first);
        assert_eq!(log.covered(first, "k", &["a".into()]), Some(Action::Expire));
        assert_eq!(log.covered(second, "k", &["a".into()]), None);
    }

    #[test]
    fn position_of_a_consumer_precedes_its_first_unapplied_invalidation() {
        let log = log(10);
        let [first, second] = ["a", "b"].map(|text| log.append(&tag(text), [0]));

        log.applied(0, second);
        let before = [log.as_of(0), log.as_of(1)];
        log.applied(0, first);

        assert_eq!((before, log.as_of(0)), ([first - 1, second], second));
    }

    #[test]
    fn failed_invalidation_waits_for_a_repair_until_it_is_applied() {
        let log = log(10);
        let number = log.append(&tag("a"), [1]);
        let running = log.waiting(1);

        log.failed(1, number);
        let waiting = log.waiting(1);
        let repairs = [log.next_waiting(1), log.next_waiting(1), log.next_waiting(0)];
        log.applied(1, number);

        assert_eq!((running, waiting, log.as_of(1)), (0, 1, number));
        assert_eq!(repairs, [Some((number, tag("a"))), None, None]);
    }

    #[test]
    fn dropped_unapplied_invalidations_become_one_invalidation_of_all_entries() {
        let log = log(1);
        log.append(&Invalidation::remove(Scope::key("a")), [0]);
        log.append(&tag("b"), [0]);
        let (number, everything) = log.next_waiting(0).unwrap();
        // More is dropped while everything is being invalidated.
        log.append(&tag("c"), [0]);
        log.applied(0, number);

        assert_eq!(everything, Invalidation::remove(Scope::All));
        assert_eq!(log.as_of(0), 0);
        let (number, _) = log.next_waiting(0).unwrap();
        log.applied(0, number);
        assert_eq!(log.as_of(0), 2);
    }

    #[test]
    fn number_of_patterns_is_limited() {
        let log = log(1_000);
        for number in 0..=MAX_PATTERNS {
            log.append(&Invalidation::expire(Scope::matching(format!("{number}:*"))), []);
        }

        assert_eq!(log.lock().patterns.len(), MAX_PATTERNS);
        assert_eq!([log.covered(0, "k", &[]), log.covered(1, "k", &[])], [Some(Action::Expire), None]);
    }
}
