//! Removal of duplicate events, and their order after a reconnect.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::event::{Event, EventId};

/// Maximum number of ids that are recognised as duplicates.
const MAX_SEEN: usize = 4096;

/// Maximum number of events that are buffered during a replay.
const MAX_BUFFERED: usize = 1024;

/// A buffer that returns each event once, and in order after a reconnect.
///
/// New events arrive during the replay of missed ones. They are buffered until the replay is complete, because they would
/// otherwise be returned before older events.
#[derive(Debug, Default)]
pub(super) struct ReplayBuffer {
    /// All events up to this one were returned.
    position: Option<EventId>,
    /// The last returned event. It is later than `position` during a replay.
    latest: Option<EventId>,
    seen: HashSet<EventId>,
    order: VecDeque<EventId>,
    buffered: Option<BTreeMap<EventId, Event>>,
}

impl ReplayBuffer {
    /// Creates a buffer that resumes after `position`.
    pub(super) fn new(position: Option<EventId>) -> Self {
        let mut buffer = Self { position: position.clone(), latest: position.clone(), ..Self::default() };
        if let Some(id) = position {
            buffer.record(&id);
        }
        buffer
    }

    /// Returns the event after which the service must resume.
    pub(super) fn position(&self) -> Option<&EventId> {
        self.position.as_ref()
    }

    /// Starts to buffer events.
    pub(super) fn start_replay(&mut self) {
        self.buffered.get_or_insert_default();
    }

    /// Adds an event. Returns the event to deliver now, if any: during a replay, the oldest buffered event if too many are
    /// buffered.
    pub(super) fn push(&mut self, event: Event) -> Option<Event> {
        let Some(id) = event.id().cloned() else { return Some(event) };
        if !self.record(&id) {
            return None;
        }
        let Some(buffered) = &mut self.buffered else {
            self.advance(id);
            return Some(event);
        };
        buffered.insert(id, event);
        if buffered.len() <= MAX_BUFFERED {
            return None;
        }
        let (id, event) = buffered.pop_first()?;
        self.advance(id);
        Some(event)
    }

    /// Ends the replay. Returns the next buffered event, in order; `None` after the last one.
    pub(super) fn pop_buffered(&mut self) -> Option<Event> {
        let Some((id, event)) = self.buffered.as_mut()?.pop_first() else {
            self.buffered = None;
            self.position.clone_from(&self.latest);
            return None;
        };
        self.advance(id.clone());
        // All events before this one were returned.
        self.position = self.position.take().max(Some(id));
        Some(event)
    }

    /// Aborts a replay whose connection was lost, and returns the buffered events. The position does not change, as older events
    /// may be missing.
    pub(super) fn abort_replay(&mut self) -> impl Iterator<Item = Event> {
        self.buffered.take().into_iter().flatten().map(|(_, event)| event)
    }

    fn advance(&mut self, id: EventId) {
        self.latest = self.latest.take().max(Some(id));
        if self.buffered.is_none() {
            self.position.clone_from(&self.latest);
        }
    }

    /// Records the id of an event. Returns false if it is a duplicate.
    fn record(&mut self, id: &EventId) -> bool {
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

    fn position(buffer: &ReplayBuffer) -> Option<&str> {
        buffer.position().map(EventId::as_str)
    }

    #[test]
    fn each_event_is_returned_once_and_the_position_never_moves_back() {
        let mut buffer = ReplayBuffer::new(Some("00001".into()));

        let returned = [1, 3, 2, 3, 2].map(|id| buffer.push(event(id)));

        assert_eq!(ids(returned.into_iter().flatten()), [3, 2]);
        assert_eq!(position(&buffer), Some("00003"));
    }

    #[test]
    fn events_buffered_during_a_replay_are_returned_in_order() {
        let mut buffer = ReplayBuffer::new(Some("00001".into()));
        buffer.start_replay();

        let now = [5, 2, 3].map(|id| buffer.push(event(id)));
        assert_eq!((now, position(&buffer)), ([None, None, None], Some("00001")));

        assert_eq!(ids(buffer.pop_buffered()), [2]);
        assert_eq!(position(&buffer), Some("00002"));
        assert_eq!(ids(std::iter::from_fn(|| buffer.pop_buffered())), [3, 5]);
        assert_eq!(position(&buffer), Some("00005"));
        assert_eq!(buffer.push(event(6)), Some(event(6)));
    }

    #[test]
    fn aborted_replay_returns_buffered_events_and_keeps_the_position() {
        let mut buffer = ReplayBuffer::new(Some("00001".into()));
        buffer.start_replay();
        buffer.push(event(5));

        assert_eq!(ids(buffer.abort_replay()), [5]);

        assert_eq!(position(&buffer), Some("00001"));
        buffer.start_replay();
        assert_eq!((buffer.push(event(2)), buffer.push(event(5))), (None, None));
        assert_eq!(ids(std::iter::from_fn(|| buffer.pop_buffered())), [2]);
    }

    #[test]
    fn number_of_stored_events_is_bounded() {
        let mut buffer = ReplayBuffer::default();
        buffer.start_replay();

        let returned = (0..10_000).filter_map(|id| buffer.push(event(id))).count();

        assert_eq!(
            (returned, buffer.seen.len(), buffer.order.len()),
            (10_000 - MAX_BUFFERED, MAX_SEEN, MAX_SEEN)
        );
    }
}
