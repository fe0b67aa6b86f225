//! The last events, in their order.

use std::collections::VecDeque;

use super::super::{
    event::{Event, EventId},
    interests::Interests,
};

/// The last events, each at a place that is never used again.
#[derive(Debug)]
pub(super) struct Ring {
    events: VecDeque<Event>,
    capacity: usize,
    /// The place of the next event.
    end: u64,
    /// Everything after this one is there.
    floor: EventId,
}

/// What a client has missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// What it wanted of that, the oldest first.
    pub events: Vec<Event>,
    /// Whether that is all; otherwise there was more than is remembered.
    pub complete: bool,
}

/// What is at a place.
pub(super) enum At {
    /// This event.
    Event(Event),
    /// Nothing yet.
    End,
    /// No longer anything: so many events are gone.
    Gone(u64),
}

impl Ring {
    pub(super) fn new(capacity: usize, past: impl IntoIterator<Item = Event>) -> Self {
        let capacity = capacity.max(1);
        let events = VecDeque::new();
        let mut ring = Self { events, capacity, end: 0, floor: EventId::now() };
        for event in past {
            if ring.events.is_empty() {
                ring.floor = event.id();
            }
            ring.push(event);
        }
        ring
    }

    /// Adds `event`, unless it is not later than the last; says whether it was.
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

    /// The place of the next event.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn at(&self, place: u64) -> At {
        let front = self.end - self.events.len() as u64;
        let Some(index) = place.checked_sub(front) else { return At::Gone(front - place) };
        let event = usize::try_from(index).ok().and_then(|index| self.events.get(index));
        event.map_or(At::End, |event| At::Event(event.clone()))
    }

    /// The events after `last`, the oldest first.
    pub(super) fn since(&self, last: EventId) -> impl Iterator<Item = &Event> {
        let from = self.events.partition_point(|event| event.id() <= last);
        self.events.range(from..)
    }

    /// What `interests` would have wanted between `last` and the place `end`.
    pub(super) fn replay(&self, last: EventId, end: u64, interests: &Interests) -> Replay {
        let from = self.events.partition_point(|event| event.id() <= last);
        let unread = usize::try_from(self.end.saturating_sub(end)).unwrap_or(usize::MAX);
        let to = self.events.len().saturating_sub(unread);
        let events = self.events.range(from.min(to)..to).filter(|event| interests.want(event));
        Replay { events: events.cloned().collect(), complete: last >= self.floor }
    }
}
