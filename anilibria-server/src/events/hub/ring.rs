//! A ring of the last events, in order.

use std::{collections::VecDeque, time::Duration};

use super::super::{
    event::{Event, EventId},
    interests::Interests,
};

/// Maximum difference between the clocks of two instances. Ids of events contain times of the instance that publishes them.
const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// A ring of the last events. Each has a position that is never reused.
#[derive(Debug)]
pub(super) struct Ring {
    events: VecDeque<Event>,
    capacity: usize,
    /// Position of the next event.
    end: u64,
    /// Every event after this one is stored.
    floor: EventId,
    /// An id before the first event, for clients that connect before any event.
    origin: EventId,
}

/// Events that a client missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Missed events that match the client's interests, oldest first.
    pub events: Vec<Event>,
    /// True if all missed events were still stored.
    pub complete: bool,
}

/// Content of a position.
pub(super) enum At {
    /// An event.
    Event(Event),
    /// No event yet.
    End,
    /// The event was dropped, and so many events are missing up to the oldest stored one.
    Gone(u64),
}

impl Ring {
    pub(super) fn new(capacity: usize, past: impl IntoIterator<Item = Event>) -> Self {
        let capacity = capacity.max(1);
        let (events, floor) = (VecDeque::new(), EventId::now());
        let mut ring = Self { events, capacity, end: 0, floor, origin: floor.before(CLOCK_SKEW) };
        for event in past {
            if ring.events.is_empty() {
                ring.floor = event.id();
            }
            ring.push(event);
        }
        ring
    }

    /// Adds `event` if it is later than the last one. Returns true if it was added.
    pub(super) fn push(&mut self, event: Event) -> bool {
        if self.last().is_some_and(|last| event.id() <= last) {
            return false;
        }
        if self.events.len() >= self.capacity
            && let Some(gone) = self.events.pop_front()
        {
            self.floor = gone.id();
        }
        self.events.push_back(event);
        self.end += 1;
        true
    }

    pub(super) fn last(&self) -> Option<EventId> {
        self.events.back().map(Event::id)
    }

    /// Returns an id before the first event that is unlikely to be the id of an event.
    pub(super) fn origin(&self) -> EventId {
        self.origin
    }

    /// Returns true if every event after `last` is stored.
    fn reaches(&self, last: EventId) -> bool {
        let has_all = self.end == self.events.len() as u64;
        last >= self.floor || (has_all && last == self.origin)
    }

    /// Returns the position of the next event.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn at(&self, place: u64) -> At {
        let front = self.end - self.events.len() as u64;
        let Some(index) = place.checked_sub(front) else { return At::Gone(front - place) };
        let event = usize::try_from(index).ok().and_then(|index| self.events.get(index));
        event.map_or(At::End, |event| At::Event(event.clone()))
    }

    /// Returns the events after `last`, oldest first.
    pub(super) fn since(&self, last: EventId) -> impl Iterator<Item = &Event> {
        let from = self.events.partition_point(|event| event.id() <= last);
        self.events.range(from..)
    }

    /// Returns the events between `last` and the position `end` that match `interests`.
    pub(super) fn replay(&self, last: EventId, end: u64, interests: &Interests) -> Replay {
        let from = self.events.partition_point(|event| event.id() <= last);
        let unread = usize::try_from(self.end.saturating_sub(end)).unwrap_or(usize::MAX);
        let to = self.events.len().saturating_sub(unread);
        let events = self.events.range(from.min(to)..to).filter(|event| interests.want(event));
        Replay { events: events.cloned().collect(), complete: self.reaches(last) }
    }
}
