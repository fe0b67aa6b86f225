//! What has been told already, and where to go on after a break.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::event::{Event, EventId};

/// How many events are known again when they come twice.
const MAX_SEEN: usize = 4096;

/// How many events are put in order at once.
const MAX_HELD: usize = 1024;

/// Which events were told, so that each is told once, and in order after a break.
///
/// From the time a connection is open until the service has told what was missed, events are held back: those that
/// happen meanwhile would otherwise come before older ones.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Everything up to here was told.
    position: Option<EventId>,
    /// The last event that was told. It is beyond the position while events are held back.
    reached: Option<EventId>,
    seen: HashSet<EventId>,
    order: VecDeque<EventId>,
    held: Option<BTreeMap<EventId, Event>>,
}

impl Memory {
    /// Nothing is known but where to go on.
    pub(super) fn since(position: Option<EventId>) -> Self {
        let mut memory = Self { position: position.clone(), reached: position.clone(), ..Self::default() };
        if let Some(id) = position {
            memory.see(&id);
        }
        memory
    }

    /// Where to go on after a break.
    pub(super) fn position(&self) -> Option<&EventId> {
        self.position.as_ref()
    }

    /// Holds events back from now on.
    pub(super) fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// Takes in an event and gives the one to tell now, which is another one when too many are held back.
    pub(super) fn take(&mut self, event: Event) -> Option<Event> {
        let Some(id) = event.id().cloned() else { return Some(event) };
        if !self.see(&id) {
            return None;
        }
        let Some(held) = &mut self.held else {
            self.reach(id);
            return Some(event);
        };
        held.insert(id, event);
        if held.len() <= MAX_HELD {
            return None;
        }
        let (id, event) = held.pop_first()?;
        self.reach(id);
        Some(event)
    }

    /// Nothing older will come: gives the events that were held back, one by one and in order.
    pub(super) fn next_held(&mut self) -> Option<Event> {
        let Some((id, event)) = self.held.as_mut()?.pop_first() else {
            self.held = None;
            self.position.clone_from(&self.reached);
            return None;
        };
        self.reach(id.clone());
        // Those before it were told.
        self.position = self.position.take().max(Some(id));
        Some(event)
    }

    /// The connection broke before all that was missed was told: gives the events that were held back. As older ones
    /// may be missing, the position stays where it was.
    pub(super) fn abandon(&mut self) -> impl Iterator<Item = Event> {
        self.held.take().into_iter().flatten().map(|(_, event)| event)
    }

    fn reach(&mut self, id: EventId) {
        self.reached = self.reached.take().max(Some(id));
        if self.held.is_none() {
            self.position.clone_from(&self.reached);
        }
    }

    /// Takes note of an event; whether it is new.
    fn see(&mut self, id: &EventId) -> bool {
        if !self.seen.insert(id.clone()) {
            return false;
        }
        self.order.push_back(id.clone());
        if self.order.len() > MAX_SEEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: u32) -> Event {
        let data = serde_json::json!({"event_id": format!("{id:05}"), "title_id": id, "episode": 1});
        Event::NewEpisode(serde_json::from_value(data).unwrap())
    }

    fn ids(events: impl IntoIterator<Item = Event>) -> Vec<u32> {
        events.into_iter().map(|event| event.id().unwrap().as_str().parse().unwrap()).collect()
    }

    fn position(memory: &Memory) -> Option<&str> {
        memory.position().map(EventId::as_str)
    }

    #[test]
    fn each_event_is_told_once_and_moves_the_position_forward_only() {
        let mut memory = Memory::since(Some("00001".into()));

        let told = [1, 3, 2, 3, 2].map(|id| memory.take(event(id)));

        assert_eq!(ids(told.into_iter().flatten()), [3, 2]);
        assert_eq!(position(&memory), Some("00003"));
    }

    #[test]
    fn events_that_are_held_back_are_told_in_order() {
        let mut memory = Memory::since(Some("00001".into()));
        memory.hold();

        let now = [5, 2, 3].map(|id| memory.take(event(id)));
        assert_eq!((now, position(&memory)), ([None, None, None], Some("00001")));

        assert_eq!(ids(memory.next_held()), [2]);
        assert_eq!(position(&memory), Some("00002"));
        assert_eq!(ids(std::iter::from_fn(|| memory.next_held())), [3, 5]);
        assert_eq!(position(&memory), Some("00005"));
        assert_eq!(memory.take(event(6)), Some(event(6)));
    }

    #[test]
    fn break_while_events_are_held_back_tells_them_and_asks_again_from_before() {
        let mut memory = Memory::since(Some("00001".into()));
        memory.hold();
        memory.take(event(5));

        assert_eq!(ids(memory.abandon()), [5]);

        assert_eq!(position(&memory), Some("00001"));
        memory.hold();
        assert_eq!((memory.take(event(2)), memory.take(event(5))), (None, None));
        assert_eq!(ids(std::iter::from_fn(|| memory.next_held())), [2]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut memory = Memory::default();
        memory.hold();

        let told = (0..10_000).filter_map(|id| memory.take(event(id))).count();

        assert_eq!((told, memory.seen.len(), memory.order.len()), (10_000 - MAX_HELD, MAX_SEEN, MAX_SEEN));
    }
}
