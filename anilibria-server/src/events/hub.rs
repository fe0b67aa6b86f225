//! Fan-out of events to all clients of this instance.
//!
//! The last events are stored in one ring, and each client holds only a position in it. A slow client therefore costs no
//! memory, a client that lags too far is notified of it, and a client that reconnects resumes at its position.

mod deliveries;
mod listener;
mod ring;

use std::sync::{
    Arc, PoisonError, RwLock, RwLockReadGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::watch;

pub use self::{
    deliveries::Channel,
    listener::{Delivery, Listener},
    ring::Replay,
};
use self::{deliveries::Deliveries, ring::Ring};
use super::{
    event::{Event, EventId},
    subscribers::Subscribers,
};
use crate::titles::notice::{EventKind, Notice};

/// Fan-out of events to all clients of this instance. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ring: RwLock<Ring>,
    /// Notified of every event.
    bell: watch::Sender<()>,
    events: AtomicU64,
    deliveries: Deliveries,
    subscriptions: AtomicUsize,
    subscribers: Subscribers,
}

impl Hub {
    /// Creates a hub that stores `capacity` events, beginning with `past`.
    pub fn new(capacity: usize, past: impl IntoIterator<Item = Event>) -> Self {
        let ring = RwLock::new(Ring::new(capacity, past));
        Self(Arc::new(Shared {
            ring,
            bell: watch::Sender::new(()),
            events: AtomicU64::default(),
            deliveries: Deliveries::default(),
            subscriptions: AtomicUsize::default(),
            subscribers: Subscribers::default(),
        }))
    }

    /// Sends `event` to every client whose interests it matches. Returns true if the event is new; one that is not later
    /// than the last one was sent before.
    pub fn broadcast(&self, event: Event) -> bool {
        let is_new = self.0.ring.write().unwrap_or_else(PoisonError::into_inner).push(event);
        if is_new {
            self.0.events.fetch_add(1, Ordering::Relaxed);
            self.0.bell.send_replace(());
        }
        is_new
    }

    /// Registers a client on `channel` for future events. Its interests are empty.
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

    /// Returns true if the last event about the subject of `notice` says the same and is recent enough that it is not
    /// published again.
    pub fn has_told(&self, notice: &Notice) -> bool {
        let since = EventId::now().before(notice.identity().remembered);
        let ring = self.ring();
        let told = ring
            .since(since)
            .filter_map(|event| notice.is_told_by(event.kind(), event.title_id(), event.data()));
        told.last().unwrap_or_default()
    }

    /// Returns the number of events since the start.
    pub fn events(&self) -> u64 {
        self.0.events.load(Ordering::Relaxed)
    }

    /// Returns the number of events delivered to clients since the start.
    pub fn delivered(&self) -> u64 {
        self.0.deliveries.all()
    }

    /// Returns the number of events of this kind delivered to clients on `channel` since the start.
    pub fn delivered_by(&self, channel: Channel, kind: EventKind) -> u64 {
        self.0.deliveries.of(channel, kind)
    }

    /// Returns the number of subscriptions of all clients: titles and kinds.
    pub fn subscriptions(&self) -> usize {
        self.0.subscriptions.load(Ordering::Relaxed)
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.0.ring.read().unwrap_or_else(PoisonError::into_inner)
    }
}
