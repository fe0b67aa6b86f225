//! The log of published events, and the last published change of each subject.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anilibria_http::trace::TraceContext;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::{
    super::event::{Event, EventId},
    PublishOutcome,
};
use crate::titles::change::{Identity, TitleChange};

/// Maximum number of subjects whose last change is stored for deduplication. A day has fewer.
const MAX_SUBJECTS: usize = 10_000;

/// Maximum age of stored events.
const MAX_AGE: Duration = Duration::from_hours(24);

/// Journal field that holds the cursor.
const CURSOR: &str = "cursor";

/// Prefix of the journal fields that hold events.
const EVENT: &str = "event:";

/// Prefix of the journal fields that hold the origins of events. Origins have separate fields, so that other versions of the
/// service can read the events.
const ORIGIN: &str = "origin:";

/// Prefix of the journal fields that hold the last published change of each subject.
const LAST_CHANGE: &str = "known:";

/// The log of published events, and the last published change of each subject. All parts are bounded.
#[derive(Clone, Debug)]
pub(super) struct EventLog {
    events: VecDeque<Event>,
    /// Maximum number of events.
    capacity: usize,
    /// Id of the last event.
    last_id: EventId,
    /// Last published change of each subject.
    last_changes: HashMap<String, LastChange>,
    cursor: Option<Bytes>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct LastChange {
    content: String,
    /// Version of the subject.
    #[serde(default)]
    version: u64,
    /// Time until which the same change is not published again, in milliseconds since 1970.
    until: u64,
}

/// Changed fields of the journal: the new value, or `None` to remove the field.
pub(super) type JournalFields = BTreeMap<String, Option<Bytes>>;

impl EventLog {
    pub(super) fn new(capacity: usize) -> Self {
        let (events, last_changes) = (VecDeque::new(), HashMap::new());
        Self { events, capacity, last_id: EventId::default(), last_changes, cursor: None }
    }

    /// Loads the entries of a journal. Returns the fields to remove, because they are damaged or expired.
    pub(super) fn read(&mut self, entries: Vec<(String, Bytes)>) -> JournalFields {
        let mut fields = JournalFields::new();
        let mut origins = HashMap::new();
        for (field, value) in entries {
            if self.read_field(&field, value, &mut origins).is_none() {
                fields.insert(field, None);
            }
        }
        for event in &mut self.events {
            *event = event.clone().with_origin(origins.remove(&event.id()));
        }
        // Another version of the service may have removed the events but not their origins.
        fields.extend(origins.into_keys().map(|id| (format!("{ORIGIN}{id}"), None)));
        self.events.make_contiguous().sort_by_key(Event::id);
        self.last_id = self.events.back().map(Event::id).unwrap_or_default();
        self.evict(&mut fields);
        fields
    }

    /// Loads one field; `None` if it is damaged. Unknown fields of other versions of the service are ignored.
    fn read_field(
        &mut self,
        field: &str,
        value: Bytes,
        origins: &mut HashMap<EventId, TraceContext>,
    ) -> Option<()> {
        if field == CURSOR {
            self.cursor = Some(value);
        } else if let Some(id) = field.strip_prefix(EVENT) {
            self.events.push_back(Event::parse(id.parse().ok()?, value)?);
        } else if let Some(id) = field.strip_prefix(ORIGIN) {
            origins.insert(id.parse().ok()?, TraceContext::parse(&value)?);
        } else if let Some(subject) = field.strip_prefix(LAST_CHANGE) {
            self.last_changes.insert(subject.to_owned(), serde_json::from_slice(&value).ok()?);
        }
        Some(())
    }

    /// Appends an event made from `change` with the trace context `origin`, unless the change was published before. Sets the
    /// cursor if `cursor` is given.
    pub(super) fn append(
        &mut self,
        change: &TitleChange,
        origin: Option<TraceContext>,
        cursor: Option<&[u8]>,
    ) -> (PublishOutcome, JournalFields) {
        let mut fields = cursor.map(|cursor| self.set_cursor(cursor)).unwrap_or_default();
        let Identity { subject, content, version, deduplication_window } = change.identity();
        self.evict(&mut fields);
        // A change with a lower version than the published one was observed late. Version 0 is unknown and cannot be
        // compared.
        let is_older = |last: &LastChange| version > 0 && version < last.version;
        let is_duplicate = |last: &LastChange| last.content == content || is_older(last);
        if self.last_changes.get(&subject).is_some_and(is_duplicate) {
            return (PublishOutcome::Duplicate, fields);
        }
        if self.last_changes.len() < MAX_SUBJECTS || self.last_changes.contains_key(&subject) {
            let last =
                LastChange { content, version, until: now().saturating_add(millis(deduplication_window)) };
            fields.extend([last_change_field(&subject, &last)]);
            self.last_changes.insert(subject, last);
        }
        self.last_id = EventId::now().max(self.last_id.next());
        let event = Event::new(self.last_id, change).with_origin(origin);
        fields.extend(event_fields(&event));
        self.events.push_back(event);
        self.evict(&mut fields);
        (PublishOutcome::Published(self.last_id), fields)
    }

    /// Sets the cursor from which the watcher resumes.
    pub(super) fn set_cursor(&mut self, cursor: &[u8]) -> JournalFields {
        let cursor = Bytes::copy_from_slice(cursor);
        self.cursor = Some(cursor.clone());
        JournalFields::from([(CURSOR.to_owned(), Some(cursor))])
    }

    /// Removes expired events and changes, and the oldest events above the capacity.
    fn evict(&mut self, fields: &mut JournalFields) {
        let oldest = EventId::now().before(MAX_AGE);
        while self.events.front().is_some_and(|event| event.id() < oldest)
            || self.events.len() > self.capacity
        {
            let evicted = self.events.pop_front();
            fields.extend(evicted.iter().flat_map(event_fields).map(|(field, _)| (field, None)));
        }
        let now = now();
        let old = self.last_changes.extract_if(|_, last| last.until <= now);
        fields.extend(old.map(|(subject, _)| (format!("{LAST_CHANGE}{subject}"), None)));
    }

    /// Returns all fields, for a journal that may lack some changes.
    pub(super) fn all_fields(&self) -> JournalFields {
        let cursor = self.cursor.iter().map(|cursor| (CURSOR.to_owned(), Some(cursor.clone())));
        let last_changes = self.last_changes.iter().map(|(subject, last)| last_change_field(subject, last));
        cursor.chain(self.events.iter().flat_map(event_fields)).chain(last_changes).collect()
    }

    /// Returns the stored events, oldest first.
    pub(super) fn past(&self) -> Vec<Event> {
        self.events.iter().cloned().collect()
    }

    /// Returns the first event after `last`.
    pub(super) fn after(&self, last: EventId) -> Option<Event> {
        self.events.get(self.events.partition_point(|event| event.id() <= last)).cloned()
    }

    /// Returns the cursor from which the watcher resumes.
    pub(super) fn cursor(&self) -> Option<Bytes> {
        self.cursor.clone()
    }
}

/// Returns the journal fields of an event.
fn event_fields(event: &Event) -> impl Iterator<Item = (String, Option<Bytes>)> {
    let id = event.id();
    let frame = (format!("{EVENT}{id}"), Some(Bytes::copy_from_slice(event.frame().as_bytes())));
    let origin = event.origin().map(|origin| (format!("{ORIGIN}{id}"), Some(origin.to_string().into())));
    [frame].into_iter().chain(origin)
}

/// Returns the journal field of the last change of `subject`.
fn last_change_field(subject: &str, last: &LastChange) -> (String, Option<Bytes>) {
    // Serialization cannot fail: the value consists of numbers and strings.
    (format!("{LAST_CHANGE}{subject}"), Some(serde_json::to_vec(last).unwrap_or_default().into()))
}

/// Returns the time in milliseconds since 1970.
fn now() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        events::event::tests::ORIGIN as TRACED,
        titles::model::title::TitleStatus::{Completed, Ongoing},
    };

    const CHANGE: TitleChange =
        TitleChange::StatusChange { title_id: 7, old: Ongoing, new: Completed, version: 0 };

    fn entries(fields: JournalFields) -> Vec<(String, Bytes)> {
        fields.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
    }

    #[test]
    fn change_is_published_again_after_the_deduplication_window() {
        let mut log = EventLog::new(10);
        let Identity { subject, content, .. } = CHANGE.identity();
        log.last_changes.insert(subject, LastChange { content, version: 0, until: 1 });

        let (outcome, fields) = log.append(&CHANGE, None, None);

        assert!(matches!(outcome, PublishOutcome::Published(_)), "{outcome:?}");
        let mut next = EventLog::new(10);
        next.read(entries(fields));
        assert_eq!(next.append(&CHANGE, None, None).0, PublishOutcome::Duplicate);
    }

    #[test]
    fn damaged_fields_are_removed_and_unknown_fields_stay() {
        let stored = ["event:1", "known:new_title:7:0", "more"];

        let fields = EventLog::new(10).read(stored.map(|field| (field.to_owned(), "nonsense".into())).into());

        let removed = stored[..2].iter().map(|field| ((*field).to_owned(), None));
        assert_eq!(fields, removed.collect());
    }

    #[test]
    fn origin_is_stored_with_its_event_and_a_damaged_one_is_ignored() {
        let (mut log, origin) = (EventLog::new(1), TraceContext::parse(TRACED.as_bytes()));
        let (_, fields) = log.append(&CHANGE, origin, None);
        let mut stored = entries(fields);
        stored.push((format!("{ORIGIN}1700000000000-0001"), TRACED.into()));

        let mut next = EventLog::new(1);
        let fields = next.read(stored.clone());

        assert_eq!(next.past()[0].origin(), origin);
        assert_eq!(fields, JournalFields::from([(format!("{ORIGIN}1700000000000-0001"), None)]));
        assert_eq!(entries(next.all_fields()), entries(log.all_fields()));
        let (_, fields) = next.append(
            &TitleChange::StatusChange { title_id: 8, old: Ongoing, new: Completed, version: 0 },
            None,
            None,
        );
        let first = log.past()[0].id();
        assert_eq!(
            (&fields[&format!("{EVENT}{first}")], &fields[&format!("{ORIGIN}{first}")]),
            (&None, &None)
        );

        stored
            .iter_mut()
            .filter(|(field, _)| field.starts_with(ORIGIN))
            .for_each(|(_, value)| *value = "?".into());
        let mut next = EventLog::new(1);
        next.read(stored);
        assert_eq!((next.past().len(), next.past()[0].origin()), (1, None));
    }
}
