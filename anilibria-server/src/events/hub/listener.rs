//! One client's subscription to events.

use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::{
    super::{
        event::{Event, EventId},
        interests::Interests,
    },
    Channel, Hub,
    ring::{At, Replay},
};

/// One client's position in the ring of events, and its interests.
#[derive(Debug)]
pub struct Listener {
    hub: Hub,
    channel: Channel,
    bell: watch::Receiver<()>,
    /// Id of the client among the subscribers.
    client: u64,
    /// Position of the next event in the ring.
    place: u64,
    /// Last event before that position.
    last: Option<EventId>,
    interests: Interests,
}

/// Message for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// An event that matches the client's interests.
    Event(Event),
    /// The client lagged and events were dropped from the ring. It is unknown whether they matched the client's interests.
    Lagged {
        /// Number of dropped events.
        missed: u64,
        /// Last event before them.
        last: Option<EventId>,
    },
}

impl Listener {
    pub(super) fn new(hub: Hub, channel: Channel) -> Self {
        let bell = hub.0.bell.subscribe();
        let (place, last) = {
            let ring = hub.ring();
            (ring.end(), ring.last())
        };
        let client = hub.subscribers().client();
        Self { hub, channel, bell, client, place, last, interests: Interests::default() }
    }

    /// Returns the interests of the client.
    pub fn interests(&self) -> &Interests {
        &self.interests
    }

    /// Returns the id after which the client receives events. [`replay`](Self::replay) accepts it.
    pub fn position(&self) -> EventId {
        self.last.unwrap_or_else(|| self.hub.ring().origin())
    }

    /// Changes the interests; the change applies from the next event on.
    pub fn change<T>(&mut self, change: impl FnOnce(&mut Interests) -> T) -> T {
        let before = self.interests.clone();
        let result = change(&mut self.interests);
        let subscriptions = &self.hub.0.subscriptions;
        subscriptions.fetch_add(self.interests.len(), Ordering::Relaxed);
        subscriptions.fetch_sub(before.len(), Ordering::Relaxed);
        self.hub.subscribers().note(self.client, before.titles(), self.interests.titles());
        result
    }

    /// Waits for the next message.
    ///
    /// # Cancel safety
    ///
    /// No event is lost when the future is dropped.
    pub async fn next(&mut self) -> Delivery {
        loop {
            if let Some(delivery) = self.take() {
                self.hub.0.deliveries.count(self.channel, &delivery);
                return delivery;
            }
            if self.bell.changed().await.is_err() {
                // Cannot happen: the listener holds the hub, and with it the sender.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Returns the events after `last` that match the interests. Events that the client has yet to receive are not included.
    pub fn replay(&self, last: EventId) -> Replay {
        self.hub.ring().replay(last, self.place, &self.interests)
    }

    /// Returns the next message, if there is one.
    fn take(&mut self) -> Option<Delivery> {
        let hub = self.hub.clone();
        let ring = hub.ring();
        loop {
            match ring.at(self.place) {
                At::End => return None,
                At::Event(event) => {
                    self.place += 1;
                    self.last = Some(event.id());
                    if self.interests.want(&event) {
                        return Some(Delivery::Event(event));
                    }
                }
                At::Gone(missed) => {
                    self.place += missed;
                    if !self.interests.is_empty() {
                        return Some(Delivery::Lagged { missed, last: self.last });
                    }
                }
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.change(|interests| *interests = Interests::default());
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use crate::events::event::tests::{event, event_with, id};

    fn following(hub: &Hub, title_id: u32) -> Listener {
        let mut listener = hub.listen(Channel::Sse);
        listener.change(|interests| interests.follow(title_id)).unwrap();
        listener
    }

    fn next(listener: &mut Listener) -> Option<Delivery> {
        listener.next().now_or_never()
    }

    #[test]
    fn events_come_in_order_once_and_only_if_wanted() {
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
    fn client_that_is_far_behind_is_told_how_far() {
        let hub = Hub::new(2, []);
        let mut listener = following(&hub, 7);
        let mut idle = hub.listen(Channel::Sse);
        hub.broadcast(event(1, 7));
        assert_eq!(next(&mut listener), Some(Delivery::Event(event(1, 7))));

        for number in 2..=6 {
            hub.broadcast(event(number, 7));
        }

        let lagged = Delivery::Lagged { missed: 3, last: Some(id(1)) };
        let told: Vec<_> = std::iter::from_fn(|| next(&mut listener)).collect();
        assert_eq!(told, [lagged, Delivery::Event(event(5, 7)), Delivery::Event(event(6, 7))]);
        assert_eq!(next(&mut idle), None);
    }

    #[test]
    fn client_that_comes_back_reads_on_and_is_told_whether_that_is_all() {
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
    fn client_that_left_before_the_first_event_resumes_from_its_position() {
        let hub = Hub::new(2, []);
        let position = following(&hub, 7).position();
        assert_eq!(following(&hub, 7).replay(position), Replay { events: vec![], complete: true });

        // The clock of the instance that publishes is behind.
        let first = event_with(position.next(), 7);
        let second = event_with(first.id().next(), 7);
        hub.broadcast(first.clone());
        hub.broadcast(second.clone());

        let replay = following(&hub, 7).replay(position);
        assert_eq!(replay, Replay { events: vec![first, second.clone()], complete: true });
        assert_eq!(following(&hub, 7).position(), second.id());
        hub.broadcast(event_with(second.id().next(), 7));
        assert!(!following(&hub, 7).replay(position).complete);
    }

    #[test]
    fn what_is_yet_to_come_is_not_replayed() {
        let hub = Hub::new(10, [event(1, 7)]);
        let mut listener = following(&hub, 7);

        hub.broadcast(event(2, 7));

        assert_eq!(listener.replay(id(1)).events, []);
        assert_eq!(next(&mut listener), Some(Delivery::Event(event(2, 7))));
    }

    #[test]
    fn subscriptions_are_counted_while_somebody_has_them() {
        let hub = Hub::new(1, []);
        let mut one = following(&hub, 7);
        let two = following(&hub, 7);
        assert_eq!(hub.subscriptions(), 2);

        drop(two);
        one.change(|interests| interests.leave(7));

        assert_eq!(hub.subscriptions(), 0);
    }
}
