//! The outbox: events whose notifications are pending, and dead letters.
//!
//! The outbox is in memory. Changes are also recorded field by field, for the [store](super::OutboxStore).

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    time::{Duration, SystemTime},
};

use anilibria_http::trace::TraceContext;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::warn;

use super::store::StoreChange;
use crate::events::{
    event::{Event, EventId},
    notify::statistics::{DeadLetter, NotificationStatistics},
};

/// Maximum number of dead letters, which are stored for inspection.
const MAX_DEAD_LETTERS: usize = 100;

/// Store field that holds the last received event.
const LAST_RECEIVED: &str = "heard";

/// Store field that holds [`Counts`].
const COUNTS: &str = "counts";

/// Prefix of the store fields that hold pending events.
const PENDING: &str = "waiting:";

/// Prefix of the store fields that hold dead letters.
const DEAD: &str = "dead:";

/// The outbox.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Last received event; `None` if no instance has ever subscribed.
    last_received: Option<EventId>,
    /// Pending notifications, by id of the event.
    pending: BTreeMap<EventId, Notification>,
    /// Latest dead letters, oldest first.
    dead: VecDeque<(EventId, DeadLetter)>,
    counts: Counts,
    /// Changes that are not written to the store yet.
    changes: StoreChange,
}

/// A pending event.
#[derive(Debug)]
pub(super) struct Notification {
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

/// Pending notification in the format of the store.
#[derive(Serialize, Deserialize)]
struct StoredNotification {
    frame: String,
    tries: usize,
    /// Trace context in which the event was published. Other versions of the service do not write it.
    #[serde(default, deserialize_with = "TraceContext::lenient", skip_serializing_if = "Option::is_none")]
    origin: Option<TraceContext>,
}

impl Outbox {
    /// Loads the outbox from the fields of a store.
    pub(super) fn read(entries: Vec<(String, Bytes)>) -> Self {
        let mut outbox = Self::default();
        for (field, value) in entries {
            if outbox.read_field(&field, &value).is_none() {
                // Another version of the service may store more fields.
                warn!(field, "unknown field in the outbox skipped");
            }
        }
        outbox.dead.make_contiguous().sort_by_key(|(id, _)| *id);
        outbox
    }

    fn read_field(&mut self, field: &str, value: &Bytes) -> Option<()> {
        if field == LAST_RECEIVED {
            self.last_received = Some(std::str::from_utf8(value).ok()?.parse().ok()?);
        } else if field == COUNTS {
            self.counts = serde_json::from_slice(value).ok()?;
        } else if let Some(id) = field.strip_prefix(PENDING) {
            let id = id.parse().ok()?;
            let StoredNotification { frame, tries, origin } = serde_json::from_slice(value).ok()?;
            let event = Event::parse(id, frame.into())?.with_origin(origin);
            self.pending.insert(id, Notification { event, tries, due: None });
        } else if let Some(id) = field.strip_prefix(DEAD) {
            self.dead.push_back((id.parse().ok()?, serde_json::from_slice(value).ok()?));
        } else {
            return None;
        }
        Some(())
    }

    /// Returns the last received event; `None` if no instance has ever subscribed.
    pub(super) fn last_received(&self) -> Option<EventId> {
        self.last_received
    }

    /// Returns the number of pending events.
    pub(super) fn pending_count(&self) -> usize {
        self.pending.len()
    }

    /// Sets `last` as the last received event, even if a later event was received before.
    pub(super) fn set_last_received(&mut self, last: EventId) {
        self.last_received = Some(last);
        self.put(LAST_RECEIVED.to_owned(), last.to_string());
    }

    /// Adds a received event. If more than `limit` events are pending, the oldest becomes a dead letter.
    pub(super) fn accept(&mut self, event: Event, limit: usize) {
        let id = event.id();
        // After a restart from the store, events whose receipt was not written in time are received again.
        if self.last_received.is_some_and(|last_received| id <= last_received) {
            return;
        }
        self.last_received = Some(id);
        self.put(LAST_RECEIVED.to_owned(), id.to_string());
        self.pending.insert(id, Notification { event, tries: 0, due: None });
        self.put_pending(id);
        while self.pending.len() > limit
            && let Some(oldest) = self.pending.keys().next().copied()
        {
            self.give_up(oldest, "too many pending events".to_owned());
        }
    }

    /// Returns the events that are due, oldest first, each with its number of failed attempts. Only the oldest event of each
    /// title is returned, and none of a title in `busy`.
    pub(super) fn due(&self, busy: &HashSet<u32>, now: Instant) -> Vec<(Event, usize)> {
        let due =
            self.first_per_title(busy).filter(|notification| notification.due.is_none_or(|due| due <= now));
        due.map(|notification| (notification.event.clone(), notification.tries)).collect()
    }

    /// Returns the time at which the next event is due, among titles that are not `busy`.
    pub(super) fn next_due(&self, busy: &HashSet<u32>) -> Option<Instant> {
        self.first_per_title(busy).filter_map(|notification| notification.due).min()
    }

    /// Returns the oldest event of each title that is not `busy`.
    fn first_per_title<'a>(&'a self, busy: &'a HashSet<u32>) -> impl Iterator<Item = &'a Notification> {
        let mut seen = HashSet::new();
        self.pending.values().filter(move |notification| {
            let title = notification.event.title_id();
            !busy.contains(&title) && seen.insert(title)
        })
    }

    /// Removes `id`, which the Node service has accepted.
    pub(super) fn mark_sent(&mut self, id: EventId) {
        if self.pending.remove(&id).is_some() {
            self.counts.sent += 1;
            self.changes.removed.push(format!("{PENDING}{id}"));
            self.put_counts();
        }
    }

    /// Counts a failed attempt for `id`. Returns the number of failed attempts including this one; `None` if `id` is no
    /// longer pending.
    pub(super) fn mark_failed(&mut self, id: EventId) -> Option<usize> {
        let notification = self.pending.get_mut(&id)?;
        notification.tries += 1;
        let tries = notification.tries;
        self.put_pending(id);
        Some(tries)
    }

    /// Delays the next attempt for `id` by `duration`.
    pub(super) fn delay(&mut self, id: EventId, duration: Duration) {
        if let Some(notification) = self.pending.get_mut(&id) {
            notification.due = Some(Instant::now() + duration);
        }
    }

    /// Moves `id` to the dead letters. Above the maximum, the oldest dead letter is removed.
    pub(super) fn give_up(&mut self, id: EventId, reason: String) {
        let Some(Notification { event, tries, .. }) = self.pending.remove(&id) else { return };
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
        self.changes.removed.push(format!("{PENDING}{id}"));
        self.put(format!("{DEAD}{id}"), json(&letter));
        self.dead.push_back((id, letter));
        if self.dead.len() > MAX_DEAD_LETTERS
            && let Some((id, _)) = self.dead.pop_front()
        {
            self.changes.removed.push(format!("{DEAD}{id}"));
        }
    }

    /// Removes and returns the changes since the last call, for the store.
    pub(super) fn take_changes(&mut self) -> StoreChange {
        std::mem::take(&mut self.changes)
    }

    /// Returns a change that replaces all fields, for a store that may lack some changes. Pending changes are included.
    pub(super) fn all_fields(&mut self) -> StoreChange {
        self.changes = StoreChange { clear: true, ..StoreChange::default() };
        if let Some(last_received) = self.last_received {
            self.put(LAST_RECEIVED.to_owned(), last_received.to_string());
        }
        self.put_counts();
        let ids: Vec<_> = self.pending.keys().copied().collect();
        for id in ids {
            self.put_pending(id);
        }
        let dead = self.dead.iter().map(|(id, letter)| (format!("{DEAD}{id}"), json(letter).into()));
        self.changes.put.extend(dead);
        self.take_changes()
    }

    /// Returns the statistics of the outbox.
    pub(super) fn statistics(&self) -> NotificationStatistics {
        let age = |id: &EventId| SystemTime::now().duration_since(id.time()).unwrap_or_default().as_secs();
        NotificationStatistics {
            sent: self.counts.sent,
            pending: self.pending.len() as u64,
            retrying: self.pending.values().filter(|notification| notification.tries > 0).count() as u64,
            dead: self.counts.dead,
            oldest_pending_seconds: self.pending.keys().next().map(age),
            dead_letters: self.dead.iter().map(|(_, letter)| letter.clone()).collect(),
        }
    }

    fn put(&mut self, field: String, value: impl Into<Bytes>) {
        self.changes.put.push((field, value.into()));
    }

    fn put_counts(&mut self) {
        let counts = json(&self.counts);
        self.put(COUNTS.to_owned(), counts);
    }

    fn put_pending(&mut self, id: EventId) {
        let Some(Notification { event, tries, .. }) = self.pending.get(&id) else { return };
        let (frame, origin) = (event.frame().to_string(), event.origin());
        let stored = StoredNotification { frame, tries: *tries, origin };
        self.put(format!("{PENDING}{id}"), json(&stored));
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
        titles::{change::TitleChange, model::title::TitleStatus},
    };

    fn event(number: u32, title_id: u32) -> Event {
        let id = format!("1700000000000-{number:04}").parse().unwrap();
        let (old, new) = (TitleStatus::Announced, TitleStatus::Ongoing);
        Event::new(id, &TitleChange::StatusChange { title_id, old, new, version: 0 })
    }

    fn outbox_of(events: &[(u32, u32)]) -> Outbox {
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

    /// Applies all changes so far to a store and returns its fields.
    fn written(store: &mut BTreeMap<String, Bytes>, change: StoreChange) -> Vec<(String, Bytes)> {
        if change.clear {
            store.clear();
        }
        store.extend(change.put);
        store.retain(|field, _| !change.removed.contains(field));
        store.clone().into_iter().collect()
    }

    #[tokio::test]
    async fn events_of_one_title_are_due_one_after_the_other() {
        let mut outbox = outbox_of(&[(1, 7), (2, 8), (3, 7)]);
        let [first, other, second] =
            [(1, 7), (2, 8), (3, 7)].map(|(number, title)| event(number, title).id());

        assert_eq!(due(&outbox, &[]), [first, other]);
        assert_eq!(due(&outbox, &[7]), [other]);
        outbox.delay(first, Duration::from_mins(1));
        assert_eq!(due(&outbox, &[]), [other]);
        outbox.mark_sent(first);
        assert_eq!(due(&outbox, &[]), [other, second]);
    }

    #[tokio::test]
    async fn outbox_is_restored_from_the_store() {
        let (mut outbox, mut store) = (outbox_of(&[(1, 7), (2, 8), (3, 9), (4, 10)]), BTreeMap::new());
        written(&mut store, outbox.take_changes());
        outbox.mark_sent(event(1, 7).id());
        outbox.give_up(event(2, 8).id(), "status 404".into());
        assert_eq!(outbox.mark_failed(event(3, 9).id()), Some(1));

        let entries = written(&mut store, outbox.take_changes());
        let mut next = Outbox::read(entries.clone());

        assert_eq!(next.last_received(), Some(event(4, 10).id()));
        assert_eq!(due(&next, &[]), [event(3, 9).id(), event(4, 10).id()]);
        let statistics = next.statistics();
        let counts = (statistics.sent, statistics.pending, statistics.retrying, statistics.dead);
        assert_eq!(counts, (1, 2, 1, 1));
        assert_eq!(statistics.dead_letters[0].reason, "status 404");
        assert_eq!(written(&mut BTreeMap::new(), next.all_fields()), entries);
        assert!(next.take_changes().is_empty());
    }

    #[tokio::test]
    async fn event_that_is_received_again_is_ignored() {
        let mut outbox = outbox_of(&[(1, 7), (2, 8), (1, 7), (2, 8)]);
        outbox.mark_sent(event(1, 7).id());

        outbox.accept(event(1, 7), 100);

        assert_eq!(outbox.pending_count(), 1);
    }

    #[tokio::test]
    async fn oldest_event_is_given_up_above_the_limit() {
        let mut outbox = Outbox::default();
        for number in 1..=250 {
            outbox.accept(event(number, number), 2);
        }

        let statistics = outbox.statistics();
        assert_eq!((statistics.pending, statistics.dead), (2, 248));
        assert_eq!(statistics.dead_letters.len(), MAX_DEAD_LETTERS);
        assert_eq!(statistics.dead_letters[MAX_DEAD_LETTERS - 1].title_id, 248);
    }

    #[tokio::test]
    async fn origin_is_stored_with_its_event_and_a_damaged_one_is_ignored() {
        let origin = TraceContext::parse(ORIGIN.as_bytes());
        let mut outbox = Outbox::default();
        outbox.accept(event(1, 7).with_origin(origin), 100);
        outbox.accept(event(2, 8), 100);
        let entries = written(&mut BTreeMap::new(), outbox.take_changes());
        let origins = |entries| {
            let due = Outbox::read(entries).due(&HashSet::new(), Instant::now());
            due.iter().map(|(event, _)| event.origin()).collect::<Vec<_>>()
        };

        assert_eq!(origins(entries.clone()), [origin, None]);
        assert!(entries.iter().any(|(_, value)| value == &pending_without_origin(&event(2, 8))));
        for damaged in ["7", "null", "{}", "\"nonsense\"", "\"\""] {
            let damage = |value: Bytes| {
                let text = String::from_utf8(value.to_vec()).unwrap();
                text.replace(&format!("\"{ORIGIN}\""), damaged).into()
            };
            let entries = entries.iter().map(|(field, value)| (field.clone(), damage(value.clone())));
            assert_eq!(origins(entries.collect()), [None, None], "{damaged}");
        }
    }

    /// Returns the store field of a pending event without an origin, the format before origins were stored.
    fn pending_without_origin(event: &Event) -> String {
        serde_json::json!({"frame": event.frame().as_str(), "tries": 0}).to_string()
    }
}
