//! Slots for live connections, limited in total and for each client.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Notify, watch};

use crate::{metrics::Limit, problem::Problem};

/// Divisor of the total for the reserve: a tenth of all slots. Clients that have many connections get none of the reserve.
const RESERVE: usize = 10;

/// Divisor of the limit per client: a client with a tenth of it or more has many connections.
const MANY: usize = 10;

/// `Retry-After` for a client with too many live connections.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Slots for live connections. Clones share the slots.
#[derive(Clone, Debug)]
pub struct Slots(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: usize,
    max_per_client: usize,
    started: Instant,
    by_client: Mutex<HashMap<IpAddr, Vec<Arc<Occupant>>>>,
    /// Number of slots taken, by clients with and without a limit per client.
    taken: watch::Sender<usize>,
}

/// The connection in a slot.
#[derive(Debug)]
struct Occupant {
    /// Time of the last message of the client, in milliseconds since the slots were created.
    active: AtomicU64,
    evicted: Notify,
}

/// A slot for one connection, held until dropped.
#[derive(Debug)]
pub struct Slot {
    shared: Arc<Shared>,
    client: Option<IpAddr>,
    occupant: Arc<Occupant>,
}

/// Reasons for which no slot is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSlot {
    /// This client has too many connections.
    Client,
    /// All clients together have too many connections.
    Full,
}

impl Slots {
    /// Creates `max` slots, of which one client can hold at most `max_per_client`.
    pub fn new(max: usize, max_per_client: usize) -> Self {
        Self(Arc::new(Shared {
            max,
            max_per_client,
            started: Instant::now(),
            by_client: Mutex::default(),
            taken: watch::Sender::new(0),
        }))
    }

    /// Returns the number of slots taken.
    pub fn taken(&self) -> usize {
        *self.0.taken.borrow()
    }

    /// Waits until no slot is taken.
    pub async fn vacated(&self) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.0.taken.subscribe().wait_for(|taken| *taken == 0).await;
    }

    /// Takes a slot for a connection of `client`; `None` is a client without a limit per client.
    ///
    /// If all slots are taken, the client with the most connections loses the one that has been idle for longest, unless the
    /// new client would then have as many.
    ///
    /// # Errors
    ///
    /// Returns the limit that was reached.
    pub fn enter(&self, client: Option<IpAddr>) -> Result<Slot, NoSlot> {
        let shared = &self.0;
        let mut by_client = shared.by_client();
        let count = client.and_then(|client| by_client.get(&client)).map_or(0, Vec::len);
        let free = shared.max.saturating_sub(self.taken());
        let is_reserved = free <= shared.max / RESERVE && count >= (shared.max_per_client / MANY).max(1);
        if count >= shared.max_per_client || free > 0 && is_reserved {
            Limit::LiveClient.hit();
            return Err(NoSlot::Client);
        }
        if free == 0 && !shared.evict(&mut by_client, count) {
            Limit::Live.hit();
            return Err(NoSlot::Full);
        }
        let active = AtomicU64::new(shared.now());
        let occupant = Arc::new(Occupant { active, evicted: Notify::new() });
        if let Some(client) = client {
            by_client.entry(client).or_default().push(Arc::clone(&occupant));
        }
        shared.taken.send_modify(|taken| *taken += 1);
        drop(by_client);
        Ok(Slot { shared: Arc::clone(shared), client, occupant })
    }
}

impl Shared {
    fn by_client(&self) -> MutexGuard<'_, HashMap<IpAddr, Vec<Arc<Occupant>>>> {
        self.by_client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Evicts a connection of the client with the most, if it has more than a client with `count` and one more would have.
    fn evict(&self, by_client: &mut HashMap<IpAddr, Vec<Arc<Occupant>>>, count: usize) -> bool {
        let greediest = by_client.values_mut().max_by_key(|occupants| occupants.len());
        let Some(occupants) = greediest.filter(|occupants| occupants.len() > count + 1) else { return false };
        let active = |occupant: &Arc<Occupant>| occupant.active.load(Ordering::Relaxed);
        let idlest = occupants.iter().enumerate().min_by_key(|(_, occupant)| active(occupant));
        let Some((index, _)) = idlest else { return false };
        occupants.remove(index).evicted.notify_one();
        self.taken.send_modify(|taken| *taken -= 1);
        true
    }

    /// Frees the slot of `occupant`, unless it was evicted and its slot was reused.
    fn leave(&self, client: Option<IpAddr>, occupant: &Arc<Occupant>) {
        let mut by_client = self.by_client();
        if let Some(client) = client {
            let Some(occupants) = by_client.get_mut(&client) else { return };
            let Some(index) = occupants.iter().position(|other| Arc::ptr_eq(other, occupant)) else { return };
            occupants.swap_remove(index);
            if occupants.is_empty() {
                by_client.remove(&client);
            }
        }
        self.taken.send_modify(|taken| *taken -= 1);
    }
}

impl From<NoSlot> for Problem {
    fn from(no_slot: NoSlot) -> Self {
        match no_slot {
            NoSlot::Client => Self::RateLimited { retry_after: RETRY_AFTER },
            NoSlot::Full => Self::Overloaded,
        }
    }
}

impl Slot {
    /// Records that the client has sent a message.
    pub fn touch(&self) {
        self.occupant.active.store(self.shared.now(), Ordering::Relaxed);
    }

    /// Waits until the slot is taken away for another client. Only one task at a time may wait.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn evicted(&self) {
        self.occupant.evicted.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.leave(self.client, &self.occupant);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn client(number: u8) -> IpAddr {
        [203, 0, 113, number].into()
    }

    #[test]
    fn client_has_no_more_connections_than_it_may() {
        let slots = Slots::new(100, 2);
        let places = [(); 2].map(|()| slots.enter(Some(client(1))).unwrap());

        assert_eq!(slots.enter(Some(client(1))).unwrap_err(), NoSlot::Client);
        let _other = slots.enter(Some(client(2))).unwrap();
        drop(places);

        assert!(slots.enter(Some(client(1))).is_ok());
        assert_eq!(slots.taken(), 1);
    }

    #[test]
    fn reserve_is_for_clients_with_few_connections() {
        let slots = Slots::new(20, 20);
        let places: Vec<_> = std::iter::from_fn(|| slots.enter(Some(client(1))).ok()).collect();

        let others = [2, 3].map(|number| slots.enter(Some(client(number))));

        assert_eq!(places.len(), 18);
        assert!(others.iter().all(Result::is_ok));
    }

    #[test]
    fn newcomer_gets_the_slot_of_the_greediest_client_that_is_idle_for_longest() {
        let slots = Slots::new(4, 4);
        let [first, second] = [(); 2].map(|()| slots.enter(Some(client(1))).unwrap());
        let others = [2, 3].map(|number| slots.enter(Some(client(number))).unwrap());
        first.occupant.active.store(2, Ordering::Relaxed);
        second.occupant.active.store(1, Ordering::Relaxed);

        let newcomer = slots.enter(Some(client(4)));

        assert!(newcomer.is_ok());
        assert!(second.evicted().now_or_never().is_some() && first.evicted().now_or_never().is_none());
        drop(second);
        assert_eq!(slots.taken(), 4);
        assert_eq!(slots.enter(Some(client(5))).unwrap_err(), NoSlot::Full);
        drop(others);
    }

    #[test]
    fn client_gains_nothing_by_taking_slots_from_itself() {
        let slots = Slots::new(2, 2);
        let _places = [(); 2].map(|()| slots.enter(Some(client(1))).unwrap());

        assert_eq!(slots.enter(Some(client(1))).unwrap_err(), NoSlot::Client);
        let _other = slots.enter(Some(client(2))).unwrap();

        assert_eq!(slots.enter(Some(client(2))).unwrap_err(), NoSlot::Full);
    }

    #[test]
    fn trusted_clients_count_in_total_only() {
        let slots = Slots::new(3, 1);
        let places = [(); 3].map(|()| slots.enter(None));

        assert!(places.iter().all(Result::is_ok));
        assert_eq!(slots.enter(None).unwrap_err(), NoSlot::Full);
        drop(places);
        assert_eq!(slots.taken(), 0);
    }
}
