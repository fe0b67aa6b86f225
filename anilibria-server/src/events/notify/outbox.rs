//! The outbox: events whose notifications are pending, and dead letters.
//!
//! The outbox is held in memory. Changes are also recorded for the [ledger](super::Ledger), field by field.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    time::{Duration, SystemTime},
};

use anilibria_http::trace::TraceContext;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::warn;

use super::ledger::Change;
use crate::events::{
    event::{Event, EventId},
    notify::model::{DeadLetter, NotificationStatistics},
};

/// Maximum number of dead letters, kept for inspection.
const MOST_DEAD: usize = 100;

/// Ledger field that holds the last received event.
const HEARD: &str = "heard";

/// Ledger field that holds [`Counts`].
const COUNTS: &str = "counts";

/// Prefix of the ledger fields that hold pending events.
const WAITING: &str = "waiting:";

/// Prefix of the ledger fields that hold dead letters.
const DEAD: &str = "dead:";

/// Events whose notifications are pending, and dead letters.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Last received event; `None` if no instance has ever subscribed.
    heard: Option<EventId>,
    waiting: BTreeMap<EventId, Letter>,
    /// Latest dead letters, oldest first.
    dead: VecDeque<(EventId, DeadLetter)>,
    counts: Counts,
    unsaved: Change,
}

/// A pending event.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) event: Event,
    /// Number of failed attempts.
    pub(super) tries: usize,
    /// Time before which the event is not sent; `None` for no delay.
    due: Option<Instant>,
}

/// Totals of handled events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    sent: u64,
    dead: u64,
}

#[derive(Serialize, Deserialize)]
struct Waiting {
    frame: String,
    tries: usize,
    /// Trace context in which the event was published. Other versions of the service do not write it.
    #[serde(default, deserialize_with = "TraceContext::lenient", skip_serializing_if = "Option::is_none")]
    origin: Option<TraceContext>,
}

impl Outbox {
    /// Loads the outbox from the fields of a ledger.
    pub(super) fn read(entries: Vec<(String, Bytes)>) -> Self {
        let mut outbox = Self::default();
        for (field, value) in entries {
            if outbox.read_field(&field, &value).is_none() {
                // Another version of the service may store more fields.
                warn!(field, "foreign entry in the outbox skipped");
            }
        }
        outbox.dead.make_contiguous().sort_by_key(|(id, _)| *id);
        outbox
    }

    fn read_field(&mut self, field: &str, value: &Bytes) -> Option<()> {
        if field == HEARD {
            self.heard = Some(std::str::from_utf8(value).ok()?.parse().ok()?);
        } else if field == COUNTS {
            self.counts = serde_json::from_slice(value).ok()?;
        } else if let Some(id) = field.strip_prefix(WAITING) {
            let id = id.parse().ok()?;
            let Waiting { frame, tries, origin } = serde_json::from_slice(value).ok()?;
            let event = Event::read(id, frame.into())?.come_from(origin);
            self.waiting.insert(id, Letter { event, tries, due: None });
        } else if let Some(id) = field.strip_prefix(DEAD) {
            self.dead.push_back((id.parse().ok()?, serde_json::from_slice(value).ok()?));
        } else {
            return None;
        }
        Some(())
    }

    /// Returns the last received event; `None` if no instance has ever subscribed.
    pub(super) fn heard(&self) -> Option<EventId> {
        self.heard
    }

    /// Returns the number of pending events.
    pub(super) fn pending(&self) -> usize {
        self.waiting.len()
    }

    /// Sets `last` as the last received event, whatever was received before.
    pub(super) fn begin(&mut self, last: EventId) {
        self.heard = Some(last);
        self.put(HEARD.to_owned(), last.to_string());
    }

    /// Adds a received event. If more than `limit` events are pending, the oldest becomes a dead letter.
    pub(super) fn accept(&mut self, event: Event, limit: usize) {
        let id = event.id();
        // After a restart from the ledger, events whose receipt was not written in time are received again.
        if self.heard.is_some_and(|heard| id <= heard) {
            return;
        }
        self.heard = Some(id);
        self.put(HEARD.to_owned(), id.to_string());
        self.waiting.insert(id, Letter { event, tries: 0, due: None });
        self.put_waiting(id);
        while self.waiting.len() > limit
            && let Some(oldest) = self.waiting.keys().next().copied()
        {
            self.bury(oldest, "too many wait".to_owned());
        }
    }

    /// Returns the events that are due, oldest first, each with its number of failed attempts. Only the oldest event of each
    /// title is returned, and none of a title in `busy`.
    pub(super) fn due(&self, busy: &HashSet<u32>, now: Instant) -> Vec<(Event, usize)> {
        let due = self.heads(busy).filter(|letter| letter.due.is_none_or(|due| due <= now));
        due.map(|letter| (letter.event.clone(), letter.tries)).collect()
    }

    /// Returns the time at which the next event is due, among titles that are not `busy`.
    pub(super) fn next_due(&self, busy: &HashSet<u32>) -> Option<Instant> {
        self.heads(busy).filter_map(|letter| letter.due).min()
    }

    /// Returns the oldest event of each title that is not `busy`.
    fn heads<'a>(&'a self, busy: &'a HashSet<u32>) -> impl Iterator<Item = &'a Letter> {
        let mut seen = HashSet::new();
        self.waiting.values().filter(move |letter| {
            let title = letter.event.title_id();
            !busy.contains(&title) && seen.insert(title)
        })
    }

    /// Removes `id`, which the Node service has accepted.
    pub(super) fn sent(&mut self, id: EventId) {
        if self.waiting.remove(&id).is_some() {
            self.counts.sent += 1;
            self.unsaved.removed.push(format!("{WAITING}{id}"));
            self.put_counts();
        }
    }

    /// Counts a failed attempt for `id`. Returns the number of failed attempts including this one; `None` if `id` is no
    /// longer pending.
    pub(super) fn failed(&mut self, id: EventId) -> Option<usize> {
        let letter = self.waiting.get_mut(&id)?;
        letter.tries += 1;
        let tries = letter.tries;
        self.put_waiting(id);
        Some(tries)
    }

    /// Delays the next attempt for `id` by `pause`.
    pub(super) fn put_off(&mut self, id: EventId, pause: Duration) {
        if let Some(letter) = self.waiting.get_mut(&id) {
            letter.due = Some(Instant::now() + pause);
        }
    }

    /// Moves `id` to the dead letters.
    pub(super) fn bury(&mut self, id: EventId, reason: String) {
        let Some(Letter { event, tries, .. }) = self.waiting.remove(&id) else { return };
        warn!(%id, kind = %event.kind(), title_id = event.title_id(), tries, reason, "notification given up");
        let letter = DeadLetter {
            event_id: id.to_string(),
            kind: event.kind().to_string(),
            title_id: event.title_id(),
            attempts: tries as u64,
            reason,
        };
        self.counts.dead += 1;
        self.put_counts();
        self.unsaved.removed.push(format!("{WAITING}{id}"));
        self.put(format!("{DEAD}{id}"), json(&letter));
        self.dead.push_back((id, letter));
        if self.dead.len() > MOST_DEAD
            && let Some((id, _)) = self.dead.pop_front()
        {
            self.unsaved.removed.push(format!("{DEAD}{id}"));
        }
    }

    /// Takes the changes that the ledger lacks. They count as saved from now on.
    pub(super) fn take_unsaved(&mut self) -> Change {
        std::mem::take(&mut self.unsaved)
    }

    /// Returns the whole outbox, for a ledger that may have missed a change.
    pub(super) fn whole(&mut self) -> Change {
        self.unsaved = Change { is_anew: true, ..Change::default() };
        if let Some(heard) = self.heard {
            self.put(HEARD.to_owned(), heard.to_string());
        }
        self.put_counts();
        let ids: Vec<_> = self.waiting.keys().copied().collect();
        for id in ids {
            self.put_waiting(id);
        }
        let dead = self.dead.iter().map(|(id, letter)| (format!("{DEAD}{id}"), json(letter).into()));
        self.unsaved.put.extend(dead);
        self.take_unsaved()
    }

    /// Returns the statistics of the outbox.
    pub(super) fn statistics(&self) -> NotificationStatistics {
        let age = |id: &EventId| SystemTime::now().duration_since(id.time()).unwrap_or_default().as_secs();
        NotificationStatistics {
            sent: self.counts.sent,
            pending: self.waiting.len() as u64,
            retrying: self.waiting.values().filter(|letter| letter.tries > 0).count() as u64,
            dead: self.counts.dead,
            oldest_pending_seconds: self.waiting.keys().next().map(age),
            dead_letters: self.dead.iter().map(|(_, letter)| letter.clone()).collect(),
        }
    }

    fn put(&mut self, field: String, value: impl Into<Bytes>) {
        self.unsaved.put.push((field, value.into()));
    }

    fn put_counts(&mut self) {
        let counts = json(&self.counts);
        self.put(COUNTS.to_owned(), counts);
    }

    fn put_waiting(&mut self, id: EventId) {
        let Some(Letter { event, tries, .. }) = self.waiting.get(&id) else { return };
        let (frame, origin) = (event.frame().to_string(), event.origin());
        let waiting = Waiting { frame, tries: *tries, origin };
        self.put(format!("{WAITING}{id}"), json(&waiting));
    }
}

/// Serialization cannot fail: the value consists of numbers and strings.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        events::event::tests::ORIGIN,
        titles::{model::title::TitleStatus, notice::Notice},
    };

    fn event(number: u32, title_id: u32) -> Event {
        let id = format!("1700000000000-{number:04}").parse().unwrap();
        let (old, new) = (TitleStatus::Announced, TitleStatus::Ongoing);
        Event::new(id, &Notice::StatusChange { title_id, old, new, version: 0 })
    }

    fn holding(events: &[(u32, u32)]) -> Outbox {
        let mut outbox = Outbox::default();
        for (number, title_id) in events {
            outbox.accept(event(*number, *title_id), 100);
        }
        outbox
    }

    fn due(outbox: &Outbox, busy: &[u32]) -> Vec<EventId> {
        let busy = busy.iter().copied().collect();
        outbox.due(&busy, Instant::now()).iter().map(|(event, _)| event.id()).collect()
    }

    /// Applies all changes so far to a ledger and returns its fields.
    fn written(ledger: &mut BTreeMap<String, Bytes>, change: Change) -> Vec<(String, Bytes)> {
        if change.is_anew {
            ledger.clear();
        }
        ledger.extend(change.put);
        ledger.retain(|field, _| !change.removed.contains(field));
        ledger.clone().into_iter().collect()
    }

    #[tokio::test]
    async fn of_each_title_the_oldest_comes_first_and_the_next_waits_for_it() {
        let mut outbox = holding(&[(1, 7), (2, 8), (3, 7)]);
        let [first, other, second] =
            [(1, 7), (2, 8), (3, 7)].map(|(number, title)| event(number, title).id());

        assert_eq!(due(&outbox, &[]), [first, other]);
        assert_eq!(due(&outbox, &[7]), [other]);
        outbox.put_off(first, Duration::from_mins(1));
        assert_eq!(due(&outbox, &[]), [other]);
        outbox.sent(first);
        assert_eq!(due(&outbox, &[]), [other, second]);
    }

    #[tokio::test]
    async fn next_one_goes_on_where_the_last_one_has_stopped() {
        let (mut outbox, mut ledger) = (holding(&[(1, 7), (2, 8), (3, 9), (4, 10)]), BTreeMap::new());
        written(&mut ledger, outbox.take_unsaved());
        outbox.sent(event(1, 7).id());
        outbox.bury(event(2, 8).id(), "status 404".into());
        assert_eq!(outbox.failed(event(3, 9).id()), Some(1));

        let entries = written(&mut ledger, outbox.take_unsaved());
        let mut next = Outbox::read(entries.clone());

        assert_eq!(next.heard(), Some(event(4, 10).id()));
        assert_eq!(due(&next, &[]), [event(3, 9).id(), event(4, 10).id()]);
        let statistics = next.statistics();
        let counts = (statistics.sent, statistics.pending, statistics.retrying, statistics.dead);
        assert_eq!(counts, (1, 2, 1, 1));
        assert_eq!(statistics.dead_letters[0].reason, "status 404");
        assert_eq!(written(&mut BTreeMap::new(), next.whole()), entries);
        assert!(next.take_unsaved().is_empty());
    }

    #[tokio::test]
    async fn event_that_is_heard_again_is_taken_in_once() {
        let mut outbox = holding(&[(1, 7), (2, 8), (1, 7), (2, 8)]);
        outbox.sent(event(1, 7).id());

        outbox.accept(event(1, 7), 100);

        assert_eq!(outbox.pending(), 1);
    }

    #[tokio::test]
    async fn oldest_is_given_up_when_too_many_wait() {
        let mut outbox = Outbox::default();
        for number in 1..=250 {
            outbox.accept(event(number, number), 2);
        }

        let statistics = outbox.statistics();
        assert_eq!((statistics.pending, statistics.dead), (2, 248));
        assert_eq!(statistics.dead_letters.len(), MOST_DEAD);
        assert_eq!(statistics.dead_letters[MOST_DEAD - 1].title_id, 248);
    }

    #[tokio::test]
    async fn origin_of_an_event_is_kept_and_one_that_is_damaged_costs_nothing_else() {
        let origin = TraceContext::parse(ORIGIN.as_bytes());
        let mut outbox = Outbox::default();
        outbox.accept(event(1, 7).come_from(origin), 100);
        outbox.accept(event(2, 8), 100);
        let entries = written(&mut BTreeMap::new(), outbox.take_unsaved());
        let origins = |entries| {
            let due = Outbox::read(entries).due(&HashSet::new(), Instant::now());
            due.iter().map(|(event, _)| event.origin()).collect::<Vec<_>>()
        };

        assert_eq!(origins(entries.clone()), [origin, None]);
        assert!(entries.iter().any(|(_, value)| value == &waiting_before(&event(2, 8))));
        for damaged in ["7", "null", "{}", "\"nonsense\"", "\"\""] {
            let damage = |value: Bytes| {
                let text = String::from_utf8(value.to_vec()).unwrap();
                text.replace(&format!("\"{ORIGIN}\""), damaged).into()
            };
            let entries = entries.iter().map(|(field, value)| (field.clone(), damage(value.clone())));
            assert_eq!(origins(entries.collect()), [None, None], "{damaged}");
        }
    }

    /// Returns the ledger field of a pending event without an origin, the format before origins were stored.
    fn waiting_before(event: &Event) -> String {
        serde_json::json!({"frame": event.frame().as_str(), "tries": 0}).to_string()
    }
}
