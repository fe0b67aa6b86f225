//! The receiving end of the hub for one client.

use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::{
    super::{
        event::{Event, EventId},
        subscriptions::Subscriptions,
    },
    Channel, Hub,
    ring_buffer::{Lookup, Replay},
};

/// One client's position in the ring buffer of events, and its subscriptions.
#[derive(Debug)]
pub struct Listener {
    hub: Hub,
    channel: Channel,
    new_event: watch::Receiver<()>,
    /// Id of the client among the subscribers.
    client_id: u64,
    /// Position of the next event in the ring buffer.
    position: u64,
    /// Last event before that position; `None` if there was none.
    last: Option<EventId>,
    subscriptions: Subscriptions,
}

/// Message for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// An event that matches the client's subscriptions.
    Event(Event),
    /// The client lagged and events were dropped from the ring buffer. They may have matched the client's subscriptions.
    Lagged {
        /// Number of dropped events.
        missed: u64,
        /// Id of the last event before the dropped ones; `None` if there was none.
        last: Option<EventId>,
    },
}

impl Listener {
    pub(super) fn new(hub: Hub, channel: Channel) -> Self {
        let new_event = hub.0.new_event.subscribe();
        let (position, last) = {
            let ring = hub.ring();
            (ring.end(), ring.last())
        };
        let client_id = hub.subscribers().new_client_id();
        Self { hub, channel, new_event, client_id, position, last, subscriptions: Subscriptions::default() }
    }

    /// Returns the subscriptions of the client.
    pub fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    /// Returns the id after which the client receives events. [`replay`](Self::replay) accepts it.
    pub fn last_event_id(&self) -> EventId {
        self.last.unwrap_or_else(|| self.hub.ring().initial_id())
    }

    /// Updates the subscriptions. The update applies from the next event on.
    pub fn update<T>(&mut self, update: impl FnOnce(&mut Subscriptions) -> T) -> T {
        let before = self.subscriptions.clone();
        let result = update(&mut self.subscriptions);
        let count = &self.hub.0.subscriptions;
        count.fetch_add(self.subscriptions.len(), Ordering::Relaxed);
        count.fetch_sub(before.len(), Ordering::Relaxed);
        self.hub.subscribers().update(self.client_id, before.titles(), self.subscriptions.titles());
        result
    }

    /// Waits for the next message.
    ///
    /// # Cancel safety
    ///
    /// No event is lost when the future is dropped.
    pub async fn next(&mut self) -> Delivery {
        loop {
            if let Some(delivery) = self.try_next() {
                self.hub.0.deliveries.count(self.channel, &delivery);
                return delivery;
            }
            if self.new_event.changed().await.is_err() {
                // Cannot happen: the listener owns the hub, and with it the sender.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Returns the events after `last` that match the subscriptions. Events that [`next`](Self::next) has yet to return are not
    /// included.
    pub fn replay(&self, last: EventId) -> Replay {
        self.hub.ring().replay(last, self.position, &self.subscriptions)
    }

    /// Returns the next message, if there is one.
    fn try_next(&mut self) -> Option<Delivery> {
        let hub = self.hub.clone();
        let ring = hub.ring();
        loop {
            match ring.get(self.position) {
                Lookup::Empty => return None,
                Lookup::Event(event) => {
                    self.position += 1;
                    self.last = Some(event.id());
                    if self.subscriptions.matches(&event) {
                        return Some(Delivery::Event(event));
                    }
                }
                Lookup::Dropped(missed) => {
                    self.position += missed;
                    if !self.subscriptions.is_empty() {
                        return Some(Delivery::Lagged { missed, last: self.last });
                    }
                }
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.update(|subscriptions| *subscriptions = Subscriptions::default());
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use crate::events::event::tests::{event, event_with, id};

    fn following(hub: &Hub, title_id: u32) -> Listener {
        let mut listener = hub.listen(Channel::Sse);
        listener.update(|subscriptions| subscriptions.follow(title_id)).unwrap();
        listener
    }

    fn next(listener: &mut Listener) -> Option<Delivery> {
        listener.next().now_or_never()
    }

    #[test]
    fn events_are_received_once_in_order_if_they_match() {
        let hub = Hub::new(10, []);
        let mut listener = following(&hub, 7);

        for event in [event(1, 7), event(2, 8), event(3, 7)] {
            assert!(hub.broadcast(event));
        }
        assert!(!hub.broadcast(event(3, 7)) && !hub.broadcast(event(2, 7)));

        assert_eq!(next(&mut listener), Some(Delivery::Event(event(1, 7))));
        assert_eq!(next(&mut listener), Some(Delivery::Event(event(3, 7))));
        assert_eq!(next(&mut listener), None);
        assert_eq!((hub.events(), hub.delivered()), (3, 2));
    }

    #[test]
    fn client_that_lags_receives_the_number_of_missed_events() {
        let hub = Hub::new(2, []);
        let mut listener = following(&hub, 7);
        let mut idle = hub.listen(Channel::Sse);
        hub.broadcast(event(1, 7));
        assert_eq!(next(&mut listener), Some(Delivery::Event(event(1, 7))));

        for number in 2..=6 {
            hub.broadcast(event(number, 7));
        }

        let lagged = Delivery::Lagged { missed: 3, last: Some(id(1)) };
        let received: Vec<_> = std::iter::from_fn(|| next(&mut listener)).collect();
        assert_eq!(received, [lagged, Delivery::Event(event(5, 7)), Delivery::Event(event(6, 7))]);
        assert_eq!(next(&mut idle), None);
    }

    #[test]
    fn replay_contains_missed_events_and_reports_if_it_is_complete() {
        let hub = Hub::new(3, [event(1, 7), event(2, 8)]);
        let replay = |last| following(&hub, 7).replay(id(last));

        assert_eq!(replay(1), Replay { events: vec![], complete: true });
        assert_eq!(replay(0), Replay { events: vec![event(1, 7)], complete: false });

        hub.broadcast(event(3, 7));
        hub.broadcast(event(4, 7));

        assert_eq!(replay(1), Replay { events: vec![event(3, 7), event(4, 7)], complete: true });
        assert_eq!(replay(3), Replay { events: vec![event(4, 7)], complete: true });
        assert!(!replay(0).complete);
    }

    #[test]
    fn client_that_disconnected_before_the_first_event_resumes_without_loss() {
        let hub = Hub::new(2, []);
        let last = following(&hub, 7).last_event_id();
        assert_eq!(following(&hub, 7).replay(last), Replay { events: vec![], complete: true });

        // The clock of the instance that publishes is behind.
        let first = event_with(last.next(), 7);
        let second = event_with(first.id().next(), 7);
        hub.broadcast(first.clone());
        hub.broadcast(second.clone());

        let replay = following(&hub, 7).replay(last);
        assert_eq!(replay, Replay { events: vec![first, second.clone()], complete: true });
        assert_eq!(following(&hub, 7).last_event_id(), second.id());
        hub.broadcast(event_with(second.id().next(), 7));
        assert!(!following(&hub, 7).replay(last).complete);
    }

    #[test]
    fn events_that_are_still_queued_are_not_replayed() {
        let hub = Hub::new(10, [event(1, 7)]);
        let mut listener = following(&hub, 7);

        hub.broadcast(event(2, 7));

        assert_eq!(listener.replay(id(1)).events, []);
        assert_eq!(next(&mut listener), Some(Delivery::Event(event(2, 7))));
    }

    #[test]
    fn subscriptions_of_connected_clients_are_counted() {
        let hub = Hub::new(1, []);
        let mut one = following(&hub, 7);
        let two = following(&hub, 7);
        assert_eq!(hub.subscriptions(), 2);

        drop(two);
        one.update(|subscriptions| subscriptions.unfollow(7));

        assert_eq!(hub.subscriptions(), 0);
    }
}
