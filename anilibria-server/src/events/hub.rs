//! Fan-out of events to all clients of this instance.
//!
//! The last events are stored in one ring buffer, and each client holds only a position in it. A slow client therefore costs
//! no memory, a client that lags too far receives a notification, and a client that reconnects resumes at its position.

mod delivery_counts;
mod listener;
mod ring_buffer;

use std::sync::{
    Arc, PoisonError, RwLock, RwLockReadGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::watch;

pub use self::{
    delivery_counts::Channel,
    listener::{Delivery, Listener},
    ring_buffer::Replay,
};
use self::{delivery_counts::DeliveryCounts, ring_buffer::RingBuffer};
use super::{
    event::{Event, EventId},
    subscribers::Subscribers,
};
use crate::titles::change::{EventKind, TitleChange};

/// Fan-out of events to all clients of this instance. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ring: RwLock<RingBuffer>,
    /// Wakes the listeners after every event.
    new_event: watch::Sender<()>,
    events: AtomicU64,
    deliveries: DeliveryCounts,
    subscriptions: AtomicUsize,
    subscribers: Subscribers,
}

impl Hub {
    /// Creates a hub that stores `capacity` events, beginning with `past`.
    pub fn new(capacity: usize, past: impl IntoIterator<Item = Event>) -> Self {
        let ring = RwLock::new(RingBuffer::new(capacity, past));
        Self(Arc::new(Shared {
            ring,
            new_event: watch::Sender::new(()),
            events: AtomicU64::default(),
            deliveries: DeliveryCounts::default(),
            subscriptions: AtomicUsize::default(),
            subscribers: Subscribers::default(),
        }))
    }

    /// Sends `event` to every client whose subscriptions it matches. Returns true if the event is new. An event with an id that
    /// is not higher than the last id was sent before, and is ignored.
    pub fn broadcast(&self, event: Event) -> bool {
        let is_new = self.0.ring.write().unwrap_or_else(PoisonError::into_inner).push(event);
        if is_new {
            self.0.events.fetch_add(1, Ordering::Relaxed);
            self.0.new_event.send_replace(());
        }
        is_new
    }

    /// Registers a client on `channel` for future events. It has no subscriptions.
    pub fn listen(&self, channel: Channel) -> Listener {
        Listener::new(self.clone(), channel)
    }

    /// Returns the followers of each title.
    pub fn subscribers(&self) -> &Subscribers {
        &self.0.subscribers
    }

    /// Returns the id of the last event; `None` if there was none.
    pub fn last(&self) -> Option<EventId> {
        self.ring().last()
    }

    /// Returns true if the last event with the subject of `change` describes the same change, and is within the deduplication
    /// window of `change`.
    pub fn has_published(&self, change: &TitleChange) -> bool {
        let since = EventId::now().before(change.identity().deduplication_window);
        let ring = self.ring();
        let comparisons = ring
            .since(since)
            .filter_map(|event| change.is_duplicate_of(event.kind(), event.title_id(), event.data()));
        comparisons.last().unwrap_or_default()
    }

    /// Returns the number of events since the start.
    pub fn events(&self) -> u64 {
        self.0.events.load(Ordering::Relaxed)
    }

    /// Returns the number of events delivered to clients since the start.
    pub fn delivered(&self) -> u64 {
        self.0.deliveries.total()
    }

    /// Returns the number of events of this kind delivered to clients on `channel` since the start.
    pub fn delivered_by(&self, channel: Channel, kind: EventKind) -> u64 {
        self.0.deliveries.events(channel, kind)
    }

    /// Returns the number of subscriptions of all clients: titles and kinds.
    pub fn subscriptions(&self) -> usize {
        self.0.subscriptions.load(Ordering::Relaxed)
    }

    fn ring(&self) -> RwLockReadGuard<'_, RingBuffer> {
        self.0.ring.read().unwrap_or_else(PoisonError::into_inner)
    }
}
