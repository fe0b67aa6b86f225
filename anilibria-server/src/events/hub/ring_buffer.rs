//! A ring buffer of the last events, in order.

use std::{collections::VecDeque, time::Duration};

use super::super::{
    event::{Event, EventId},
    subscriptions::Subscriptions,
};

/// Maximum difference between the clocks of two instances. Ids of events contain times of the instance that publishes them.
const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// A ring buffer of the last events. Each event has a position that is never reused.
#[derive(Debug)]
pub(super) struct RingBuffer {
    events: VecDeque<Event>,
    capacity: usize,
    /// Position of the next event.
    end: u64,
    /// Every event after this one is stored.
    complete_after: EventId,
    /// Id before the first event, for clients that connect before any event.
    initial_id: EventId,
}

/// Events that a client missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Missed events that match the client's subscriptions, oldest first.
    pub events: Vec<Event>,
    /// True if all missed events were still stored.
    pub complete: bool,
}

/// Result of reading a position.
pub(super) enum Lookup {
    /// An event.
    Event(Event),
    /// There is no event at this position yet.
    Empty,
    /// The event was dropped. Contains the number of dropped events from this position to the oldest stored event.
    Dropped(u64),
}

impl RingBuffer {
    pub(super) fn new(capacity: usize, past: impl IntoIterator<Item = Event>) -> Self {
        let capacity = capacity.max(1);
        let (events, complete_after) = (VecDeque::new(), EventId::now());
        let mut ring =
            Self { events, capacity, end: 0, complete_after, initial_id: complete_after.before(CLOCK_SKEW) };
        for event in past {
            if ring.events.is_empty() {
                ring.complete_after = event.id();
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
            && let Some(dropped) = self.events.pop_front()
        {
            self.complete_after = dropped.id();
        }
        self.events.push_back(event);
        self.end += 1;
        true
    }

    /// Returns the id of the last event; `None` if no event is stored.
    pub(super) fn last(&self) -> Option<EventId> {
        self.events.back().map(Event::id)
    }

    /// Returns an id before the first event. It is unlikely to be the id of an event.
    pub(super) fn initial_id(&self) -> EventId {
        self.initial_id
    }

    /// Returns true if every event after `last` is stored.
    fn is_complete_after(&self, last: EventId) -> bool {
        let holds_all = self.end == self.events.len() as u64;
        last >= self.complete_after || (holds_all && last == self.initial_id)
    }

    /// Returns the position of the next event.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Reads the event at `position`.
    pub(super) fn get(&self, position: u64) -> Lookup {
        let front = self.end - self.events.len() as u64;
        let Some(index) = position.checked_sub(front) else { return Lookup::Dropped(front - position) };
        let event = usize::try_from(index).ok().and_then(|index| self.events.get(index));
        event.map_or(Lookup::Empty, |event| Lookup::Event(event.clone()))
    }

    /// Returns the events after `last`, oldest first.
    pub(super) fn since(&self, last: EventId) -> impl Iterator<Item = &Event> {
        let from = self.events.partition_point(|event| event.id() <= last);
        self.events.range(from..)
    }

    /// Returns the events between `last` and the position `end` that match `subscriptions`.
    pub(super) fn replay(&self, last: EventId, end: u64, subscriptions: &Subscriptions) -> Replay {
        let from = self.events.partition_point(|event| event.id() <= last);
        let unread = usize::try_from(self.end.saturating_sub(end)).unwrap_or(usize::MAX);
        let to = self.events.len().saturating_sub(unread);
        let events = self.events.range(from.min(to)..to).filter(|event| subscriptions.matches(event));
        Replay { events: events.cloned().collect(), complete: self.is_complete_after(last) }
    }
}
