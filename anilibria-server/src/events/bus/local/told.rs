//! Published events and notices that are still remembered.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anilibria_http::trace::TraceContext;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::{
    super::event::{Event, EventId},
    Published,
};
use crate::titles::notice::{Identity, Notice};

/// Maximum number of notices kept for deduplication. A day has fewer.
const MOST_KNOWN: usize = 10_000;

/// Retention of events.
const AGE: Duration = Duration::from_hours(24);

/// Journal field that holds the cursor.
const CURSOR: &str = "cursor";

/// Prefix of the journal fields that hold events.
const EVENT: &str = "event:";

/// Prefix of the journal fields that hold the origins of events. Origins have separate fields, so that other versions of the
/// service can read the events.
const ORIGIN: &str = "origin:";

/// Prefix of the journal fields that hold published notices, for deduplication.
const KNOWN: &str = "known:";

/// Published events and notices that are still remembered.
#[derive(Clone, Debug)]
pub(super) struct Told {
    events: VecDeque<Event>,
    /// Maximum number of events.
    keep: usize,
    last: EventId,
    /// Last published notice of each subject.
    known: HashMap<String, Said>,
    cursor: Option<Bytes>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Said {
    content: String,
    /// Version of the subject.
    #[serde(default)]
    version: u64,
    /// Time until which the same notice is not published again, in milliseconds since 1970.
    until: u64,
}

/// Changes to the fields of the journal: the new value, or `None` to remove the field.
pub(super) type Step = BTreeMap<String, Option<Bytes>>;

impl Told {
    pub(super) fn new(keep: usize) -> Self {
        let (events, known) = (VecDeque::new(), HashMap::new());
        Self { events, keep, last: EventId::default(), known, cursor: None }
    }

    /// Loads the entries of a journal. Returns the changes that remove unusable fields.
    pub(super) fn read(&mut self, entries: Vec<(String, Bytes)>) -> Step {
        let mut step = Step::new();
        let mut origins = HashMap::new();
        for (field, value) in entries {
            if self.read_field(&field, value, &mut origins).is_none() {
                step.insert(field, None);
            }
        }
        for event in &mut self.events {
            *event = event.clone().come_from(origins.remove(&event.id()));
        }
        // Another version of the service may have removed the events but not their origins.
        step.extend(origins.into_keys().map(|id| (format!("{ORIGIN}{id}"), None)));
        self.events.make_contiguous().sort_by_key(Event::id);
        self.last = self.events.back().map(Event::id).unwrap_or_default();
        self.forget(&mut step);
        step
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
            self.events.push_back(Event::read(id.parse().ok()?, value)?);
        } else if let Some(id) = field.strip_prefix(ORIGIN) {
            origins.insert(id.parse().ok()?, TraceContext::parse(&value)?);
        } else if let Some(subject) = field.strip_prefix(KNOWN) {
            self.known.insert(subject.to_owned(), serde_json::from_slice(&value).ok()?);
        }
        Some(())
    }

    /// Creates an event from `notice` with the trace context `origin`, unless the notice was published before. Sets the
    /// cursor if one is given.
    pub(super) fn tell(
        &mut self,
        notice: &Notice,
        origin: Option<TraceContext>,
        cursor: Option<&[u8]>,
    ) -> (Published, Step) {
        let mut step = cursor.map(|cursor| self.go_on_from(cursor)).unwrap_or_default();
        let Identity { subject, content, version, remembered } = notice.identity();
        self.forget(&mut step);
        // A notice with a lower version than the published one was observed late. Version 0 is unknown and cannot be
        // compared.
        let is_overtaken = |said: &Said| version > 0 && version < said.version;
        let is_told = |said: &Said| said.content == content || is_overtaken(said);
        if self.known.get(&subject).is_some_and(is_told) {
            return (Published::Known, step);
        }
        if self.known.len() < MOST_KNOWN || self.known.contains_key(&subject) {
            let said = Said { content, version, until: now().saturating_add(millis(remembered)) };
            step.extend([of_known(&subject, &said)]);
            self.known.insert(subject, said);
        }
        self.last = EventId::now().max(self.last.next());
        let event = Event::new(self.last, notice).come_from(origin);
        step.extend(of_event(&event));
        self.events.push_back(event);
        self.forget(&mut step);
        (Published::New(self.last), step)
    }

    pub(super) fn go_on_from(&mut self, cursor: &[u8]) -> Step {
        let cursor = Bytes::copy_from_slice(cursor);
        self.cursor = Some(cursor.clone());
        Step::from([(CURSOR.to_owned(), Some(cursor))])
    }

    /// Removes events and notices that are too old or exceed the limits.
    fn forget(&mut self, step: &mut Step) {
        let oldest = EventId::now().before(AGE);
        while self.events.front().is_some_and(|event| event.id() < oldest) || self.events.len() > self.keep {
            let gone = self.events.pop_front();
            step.extend(gone.iter().flat_map(of_event).map(|(field, _)| (field, None)));
        }
        let now = now();
        let old = self.known.extract_if(|_, said| said.until <= now);
        step.extend(old.map(|(subject, _)| (format!("{KNOWN}{subject}"), None)));
    }

    /// Returns all fields, for a journal that may have missed a change.
    pub(super) fn whole(&self) -> Step {
        let cursor = self.cursor.iter().map(|cursor| (CURSOR.to_owned(), Some(cursor.clone())));
        let known = self.known.iter().map(|(subject, said)| of_known(subject, said));
        cursor.chain(self.events.iter().flat_map(of_event)).chain(known).collect()
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

fn of_event(event: &Event) -> impl Iterator<Item = (String, Option<Bytes>)> {
    let id = event.id();
    let frame = (format!("{EVENT}{id}"), Some(Bytes::copy_from_slice(event.frame().as_bytes())));
    let origin = event.origin().map(|origin| (format!("{ORIGIN}{id}"), Some(origin.to_string().into())));
    [frame].into_iter().chain(origin)
}

fn of_known(subject: &str, said: &Said) -> (String, Option<Bytes>) {
    // Serialization cannot fail: the value consists of numbers and strings.
    (format!("{KNOWN}{subject}"), Some(serde_json::to_vec(said).unwrap_or_default().into()))
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

    const CHANGE: Notice = Notice::StatusChange { title_id: 7, old: Ongoing, new: Completed, version: 0 };

    fn entries(step: Step) -> Vec<(String, Bytes)> {
        step.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
    }

    #[test]
    fn what_was_told_long_ago_is_told_again_and_remembered_anew() {
        let mut told = Told::new(10);
        let Identity { subject, content, .. } = CHANGE.identity();
        told.known.insert(subject, Said { content, version: 0, until: 1 });

        let (published, step) = told.tell(&CHANGE, None, None);

        assert!(matches!(published, Published::New(_)), "{published:?}");
        let mut next = Told::new(10);
        next.read(entries(step));
        assert_eq!(next.tell(&CHANGE, None, None).0, Published::Known);
    }

    #[test]
    fn what_is_damaged_goes_and_what_another_version_keeps_stays() {
        let kept = ["event:1", "known:new_title:7:0", "more"];

        let step = Told::new(10).read(kept.map(|field| (field.to_owned(), "nonsense".into())).into());

        let gone = kept[..2].iter().map(|field| ((*field).to_owned(), None));
        assert_eq!(step, gone.collect());
    }

    #[test]
    fn origin_is_kept_as_long_as_its_event_and_one_that_is_damaged_costs_nothing_else() {
        let (mut told, origin) = (Told::new(1), TraceContext::parse(TRACED.as_bytes()));
        let (_, step) = told.tell(&CHANGE, origin, None);
        let mut kept = entries(step);
        kept.push((format!("{ORIGIN}1700000000000-0001"), TRACED.into()));

        let mut next = Told::new(1);
        let step = next.read(kept.clone());

        assert_eq!(next.past()[0].origin(), origin);
        assert_eq!(step, Step::from([(format!("{ORIGIN}1700000000000-0001"), None)]));
        assert_eq!(entries(next.whole()), entries(told.whole()));
        let (_, step) = next.tell(
            &Notice::StatusChange { title_id: 8, old: Ongoing, new: Completed, version: 0 },
            None,
            None,
        );
        let first = told.past()[0].id();
        assert_eq!((&step[&format!("{EVENT}{first}")], &step[&format!("{ORIGIN}{first}")]), (&None, &None));

        kept.iter_mut()
            .filter(|(field, _)| field.starts_with(ORIGIN))
            .for_each(|(_, value)| *value = "?".into());
        let mut next = Told::new(1);
        next.read(kept);
        assert_eq!((next.past().len(), next.past()[0].origin()), (1, None));
    }
}
