//! What was told, as far as it is remembered.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anilibria_http::trace::Origin;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::{
    super::event::{Event, EventId},
    Published,
};
use crate::titles::notice::{Identity, Notice};

/// Notices that are remembered to tell each only once; more than there are in a day.
const MOST_KNOWN: usize = 10_000;

/// How long events are remembered.
const AGE: Duration = Duration::from_hours(24);

/// The field of the journal that holds the cursor.
const CURSOR: &str = "cursor";

/// What the field of an event begins with.
const EVENT: &str = "event:";

/// What the field of what an event comes from begins with. It has one of its own, so that other versions of the service
/// understand the event.
const ORIGIN: &str = "origin:";

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
    /// Which version of the subject says so.
    #[serde(default)]
    version: u64,
    /// Until when it is not said again, in milliseconds since 1970.
    until: u64,
}

/// What becomes of the fields of the journal: what they hold from now on, or nothing.
pub(super) type Step = BTreeMap<String, Option<Bytes>>;

impl Told {
    pub(super) fn new(keep: usize) -> Self {
        let (events, known) = (VecDeque::new(), HashMap::new());
        Self { events, keep, last: EventId::default(), known, cursor: None }
    }

    /// Takes in what a journal has; says what is of no use any more.
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
        // Another version of the service forgets events, and leaves these.
        step.extend(origins.into_keys().map(|id| (format!("{ORIGIN}{id}"), None)));
        self.events.make_contiguous().sort_by_key(Event::id);
        self.last = self.events.back().map(Event::id).unwrap_or_default();
        self.forget(&mut step);
        step
    }

    /// `None` for what is damaged. Another version of the service may keep more.
    fn read_field(
        &mut self,
        field: &str,
        value: Bytes,
        origins: &mut HashMap<EventId, Origin>,
    ) -> Option<()> {
        if field == CURSOR {
            self.cursor = Some(value);
        } else if let Some(id) = field.strip_prefix(EVENT) {
            self.events.push_back(Event::read(id.parse().ok()?, value)?);
        } else if let Some(id) = field.strip_prefix(ORIGIN) {
            origins.insert(id.parse().ok()?, Origin::read(&value)?);
        } else if let Some(subject) = field.strip_prefix(KNOWN) {
            self.known.insert(subject.to_owned(), serde_json::from_slice(&value).ok()?);
        }
        Some(())
    }

    /// Makes an event of `notice`, which comes from `origin`, unless it was told, and goes on from `cursor`, if that is known.
    pub(super) fn tell(
        &mut self,
        notice: &Notice,
        origin: Option<Origin>,
        cursor: Option<&[u8]>,
    ) -> (Published, Step) {
        let mut step = cursor.map(|cursor| self.go_on_from(cursor)).unwrap_or_default();
        let Identity { subject, content, version, remembered } = notice.identity();
        self.forget(&mut step);
        // What was overtaken since is found late, as far as that is known.
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

    /// Forgets what is too old or too much.
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

    /// All of it, for a journal that may have missed something.
    pub(super) fn whole(&self) -> Step {
        let cursor = self.cursor.iter().map(|cursor| (CURSOR.to_owned(), Some(cursor.clone())));
        let known = self.known.iter().map(|(subject, said)| of_known(subject, said));
        cursor.chain(self.events.iter().flat_map(of_event)).chain(known).collect()
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

fn of_event(event: &Event) -> impl Iterator<Item = (String, Option<Bytes>)> {
    let id = event.id();
    let frame = (format!("{EVENT}{id}"), Some(Bytes::copy_from_slice(event.frame().as_bytes())));
    let origin = event.origin().map(|origin| (format!("{ORIGIN}{id}"), Some(origin.to_string().into())));
    [frame].into_iter().chain(origin)
}

fn of_known(subject: &str, said: &Said) -> (String, Option<Bytes>) {
    // What consists of numbers and texts is always JSON.
    (format!("{KNOWN}{subject}"), Some(serde_json::to_vec(said).unwrap_or_default().into()))
}

/// Milliseconds since 1970.
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
        let (mut told, origin) = (Told::new(1), Origin::read(TRACED.as_bytes()));
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
