//! Hands events to all clients of this instance.
//!
//! The last events lie in one ring, and each client has no more than a place in it. So a client that reads slowly costs no
//! memory, one that is far behind is told so, and one that comes back reads on from where it was.

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

/// Hands events to all clients of this instance. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ring: RwLock<Ring>,
    /// Changes with every event.
    bell: watch::Sender<()>,
    events: AtomicU64,
    deliveries: Deliveries,
    subscriptions: AtomicUsize,
    subscribers: Subscribers,
}

impl Hub {
    /// A hub that remembers `capacity` events, beginning with `past`.
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

    /// Hands `event` to whoever wants it; says whether it is new. One that is not later than the last was handed out
    /// before.
    pub fn broadcast(&self, event: Event) -> bool {
        let is_new = self.0.ring.write().unwrap_or_else(PoisonError::into_inner).push(event);
        if is_new {
            self.0.events.fetch_add(1, Ordering::Relaxed);
            self.0.bell.send_replace(());
        }
        is_new
    }

    /// A client on `channel` that hears of what comes from now on, and wants nothing yet.
    pub fn listen(&self, channel: Channel) -> Listener {
        Listener::new(self.clone(), channel)
    }

    /// Who follows which title.
    pub fn subscribers(&self) -> &Subscribers {
        &self.0.subscribers
    }

    /// The last event; none when there was none.
    pub fn last(&self) -> Option<EventId> {
        self.ring().last()
    }

    /// Whether what `notice` tells was the last that was told of that, so lately that it is not told again.
    pub fn has_told(&self, notice: &Notice) -> bool {
        let since = EventId::now().before(notice.identity().remembered);
        let ring = self.ring();
        let told = ring
            .since(since)
            .filter_map(|event| notice.is_told_by(event.kind(), event.title_id(), event.data()));
        told.last().unwrap_or_default()
    }

    /// Events since the start.
    pub fn events(&self) -> u64 {
        self.0.events.load(Ordering::Relaxed)
    }

    /// How often an event was handed to a client since the start.
    pub fn delivered(&self) -> u64 {
        self.0.deliveries.all()
    }

    /// How often an event of this kind was handed to a client on `channel` since the start.
    pub fn delivered_by(&self, channel: Channel, kind: EventKind) -> u64 {
        self.0.deliveries.of(channel, kind)
    }

    /// What all clients together want: titles and kinds.
    pub fn subscriptions(&self) -> usize {
        self.0.subscriptions.load(Ordering::Relaxed)
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.0.ring.read().unwrap_or_else(PoisonError::into_inner)
    }
}
