//! What was told, as far as it is remembered.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::{
    super::{
        event::{Event, EventId},
        notice::{Identity, Notice},
    },
    Published,
};

/// Notices that are remembered to tell each only once; more than there are in a day.
const MOST_KNOWN: usize = 10_000;

/// How long events are remembered.
const AGE: Duration = Duration::from_hours(24);

/// The field of the journal that holds the cursor.
const CURSOR: &str = "cursor";

/// What the field of an event begins with.
const EVENT: &str = "event:";

/// What the field of something that is told only once begins with.
const KNOWN: &str = "known:";

/// What was told, as far as it is remembered.
#[derive(Clone, Debug)]
pub(super) struct Told {
    events: VecDeque<Event>,
    /// How many of those are kept.
    keep: usize,
    last: EventId,
    /// What was said last of each subject.
    known: HashMap<String, Said>,
    cursor: Option<Bytes>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Said {
    content: String,
    /// Until when it is not said again, in milliseconds since 1970.
    until: u64,
}

/// What becomes of the journal.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) put: Vec<(String, Bytes)>,
    pub(super) removed: Vec<String>,
}

impl Told {
    pub(super) fn new(keep: usize) -> Self {
        let (events, known) = (VecDeque::new(), HashMap::new());
        Self { events, keep, last: EventId::default(), known, cursor: None }
    }

    /// Takes in what a journal has; says what is of no use any more.
    pub(super) fn read(&mut self, entries: Vec<(String, Bytes)>) -> Step {
        let mut removed = Vec::new();
        for (field, value) in entries {
            if self.read_field(&field, value).is_none() {
                removed.push(field);
            }
        }
        self.events.make_contiguous().sort_by_key(Event::id);
        self.last = self.events.back().map(Event::id).unwrap_or_default();
        let mut step = Step { removed, ..Step::default() };
        self.forget(&mut step);
        step
    }

    fn read_field(&mut self, field: &str, value: Bytes) -> Option<()> {
        if field == CURSOR {
            self.cursor = Some(value);
        } else if let Some(id) = field.strip_prefix(EVENT) {
            self.events.push_back(Event::read(id.parse().ok()?, value)?);
        } else {
            let said = serde_json::from_slice(&value).ok()?;
            self.known.insert(field.strip_prefix(KNOWN)?.to_owned(), said);
        }
        Some(())
    }

    /// Makes an event of `notice`, unless it was told, and goes on from `cursor`, if that is known.
    pub(super) fn tell(&mut self, notice: &Notice, cursor: Option<&[u8]>) -> (Published, Step) {
        let mut step = cursor.map(|cursor| self.go_on_from(cursor)).unwrap_or_default();
        let now = now();
        let Identity { subject, content, remembered } = notice.identity();
        let said = self.known.get(&subject).filter(|said| now < said.until);
        if said.is_some_and(|said| said.content == content) {
            return (Published::Known, step);
        }
        self.last = EventId::now().max(self.last.next());
        let event = Event::new(self.last, notice);
        step.put.push(of_event(&event));
        self.events.push_back(event);
        self.forget(&mut step);
        if self.known.len() < MOST_KNOWN || self.known.contains_key(&subject) {
            let said = Said { content, until: now.saturating_add(millis(remembered)) };
            step.put.push(of_known(&subject, &said));
            self.known.insert(subject, said);
        }
        (Published::New(self.last), step)
    }

    pub(super) fn go_on_from(&mut self, cursor: &[u8]) -> Step {
        let cursor = Bytes::copy_from_slice(cursor);
        self.cursor = Some(cursor.clone());
        Step { put: vec![(CURSOR.to_owned(), cursor)], removed: Vec::new() }
    }

    /// Forgets what is too old or too much.
    fn forget(&mut self, step: &mut Step) {
        let oldest = EventId::now().before(AGE);
        while self.events.front().is_some_and(|event| event.id() < oldest) || self.events.len() > self.keep {
            step.removed.extend(self.events.pop_front().map(|event| of_event(&event).0));
        }
        let now = now();
        let old = self.known.extract_if(|_, said| said.until <= now);
        step.removed.extend(old.map(|(subject, _)| format!("{KNOWN}{subject}")));
    }

    /// All of it, for a journal that may have missed something.
    pub(super) fn whole(&self) -> Step {
        let cursor = self.cursor.iter().map(|cursor| (CURSOR.to_owned(), cursor.clone()));
        let known = self.known.iter().map(|(subject, said)| of_known(subject, said));
        Step {
            put: cursor.chain(self.events.iter().map(of_event)).chain(known).collect(),
            removed: Vec::new(),
        }
    }

    /// The events that are remembered, the oldest first.
    pub(super) fn past(&self) -> Vec<Event> {
        self.events.iter().cloned().collect()
    }

    /// The first event after `last`.
    pub(super) fn after(&self, last: EventId) -> Option<Event> {
        self.events.get(self.events.partition_point(|event| event.id() <= last)).cloned()
    }

    /// Where whoever notices things goes on.
    pub(super) fn cursor(&self) -> Option<Bytes> {
        self.cursor.clone()
    }
}

fn of_event(event: &Event) -> (String, Bytes) {
    (format!("{EVENT}{}", event.id()), Bytes::copy_from_slice(event.frame().as_bytes()))
}

fn of_known(subject: &str, said: &Said) -> (String, Bytes) {
    // What consists of numbers and texts is always JSON.
    (format!("{KNOWN}{subject}"), serde_json::to_vec(said).unwrap_or_default().into())
}

/// Milliseconds since 1970.
fn now() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
