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

/// Divisor of the number of slots for the reserve: a tenth of all slots. Clients with many connections cannot use it.
const RESERVE: usize = 10;

/// Divisor of the limit per client: a client with a tenth of that limit or more has many connections.
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
    by_client: Mutex<HashMap<IpAddr, Vec<Arc<Holder>>>>,
    /// Number of slots taken, by clients with and without a limit per client.
    taken: watch::Sender<usize>,
}

/// State of the connection that holds a slot.
#[derive(Debug)]
struct Holder {
    /// Time of the last message of the client, in milliseconds since the slots were created.
    last_active: AtomicU64,
    evicted: Notify,
}

/// A slot for one connection, held until dropped.
#[derive(Debug)]
pub struct Slot {
    shared: Arc<Shared>,
    client: Option<IpAddr>,
    holder: Arc<Holder>,
}

/// Limits because of which no slot is available.
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
    pub async fn wait_until_free(&self) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.0.taken.subscribe().wait_for(|taken| *taken == 0).await;
    }

    /// Takes a slot for a connection of `client`. For `None`, there is no limit per client.
    ///
    /// If all slots are taken, the connection that has been idle for longest among those of the client with the most
    /// connections is evicted, unless `client` would then have as many.
    ///
    /// # Errors
    ///
    /// [`NoSlot`], with the limit that was reached.
    pub fn try_acquire(&self, client: Option<IpAddr>) -> Result<Slot, NoSlot> {
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
        let last_active = AtomicU64::new(shared.now());
        let holder = Arc::new(Holder { last_active, evicted: Notify::new() });
        if let Some(client) = client {
            by_client.entry(client).or_default().push(Arc::clone(&holder));
        }
        shared.taken.send_modify(|taken| *taken += 1);
        drop(by_client);
        Ok(Slot { shared: Arc::clone(shared), client, holder })
    }
}

impl Shared {
    fn by_client(&self) -> MutexGuard<'_, HashMap<IpAddr, Vec<Arc<Holder>>>> {
        self.by_client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Evicts a connection of the client with the most, if it has more than a client with `count` and one more would have.
    fn evict(&self, by_client: &mut HashMap<IpAddr, Vec<Arc<Holder>>>, count: usize) -> bool {
        let busiest = by_client.values_mut().max_by_key(|holders| holders.len());
        let Some(holders) = busiest.filter(|holders| holders.len() > count + 1) else { return false };
        let last_active = |holder: &Arc<Holder>| holder.last_active.load(Ordering::Relaxed);
        let idlest = holders.iter().enumerate().min_by_key(|(_, holder)| last_active(holder));
        let Some((index, _)) = idlest else { return false };
        holders.remove(index).evicted.notify_one();
        self.taken.send_modify(|taken| *taken -= 1);
        true
    }

    /// Frees the slot of `holder`. Does nothing if the holder was evicted: its slot belongs to another client.
    fn release(&self, client: Option<IpAddr>, holder: &Arc<Holder>) {
        let mut by_client = self.by_client();
        if let Some(client) = client {
            let Some(holders) = by_client.get_mut(&client) else { return };
            let Some(index) = holders.iter().position(|other| Arc::ptr_eq(other, holder)) else { return };
            holders.swap_remove(index);
            if holders.is_empty() {
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
        self.holder.last_active.store(self.shared.now(), Ordering::Relaxed);
    }

    /// Waits until the slot is given to another client. Only one task at a time may wait.
    ///
    /// # Cancel safety
    ///
    /// The method is cancel safe: a later call returns at once if the slot was given away meanwhile.
    pub async fn evicted(&self) {
        self.holder.evicted.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.release(self.client, &self.holder);
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
    fn client_cannot_exceed_its_limit() {
        let slots = Slots::new(100, 2);
        let held = [(); 2].map(|()| slots.try_acquire(Some(client(1))).unwrap());

        assert_eq!(slots.try_acquire(Some(client(1))).unwrap_err(), NoSlot::Client);
        let _other = slots.try_acquire(Some(client(2))).unwrap();
        drop(held);

        assert!(slots.try_acquire(Some(client(1))).is_ok());
        assert_eq!(slots.taken(), 1);
    }

    #[test]
    fn reserve_is_for_clients_with_few_connections() {
        let slots = Slots::new(20, 20);
        let held: Vec<_> = std::iter::from_fn(|| slots.try_acquire(Some(client(1))).ok()).collect();

        let others = [2, 3].map(|number| slots.try_acquire(Some(client(number))));

        assert_eq!(held.len(), 18);
        assert!(others.iter().all(Result::is_ok));
    }

    #[test]
    fn longest_idle_connection_of_the_busiest_client_is_evicted() {
        let slots = Slots::new(4, 4);
        let [first, second] = [(); 2].map(|()| slots.try_acquire(Some(client(1))).unwrap());
        let others = [2, 3].map(|number| slots.try_acquire(Some(client(number))).unwrap());
        first.holder.last_active.store(2, Ordering::Relaxed);
        second.holder.last_active.store(1, Ordering::Relaxed);

        let newcomer = slots.try_acquire(Some(client(4)));

        assert!(newcomer.is_ok());
        assert!(second.evicted().now_or_never().is_some() && first.evicted().now_or_never().is_none());
        drop(second);
        assert_eq!(slots.taken(), 4);
        assert_eq!(slots.try_acquire(Some(client(5))).unwrap_err(), NoSlot::Full);
        drop(others);
    }

    #[test]
    fn client_does_not_evict_its_own_connections() {
        let slots = Slots::new(2, 2);
        let _held = [(); 2].map(|()| slots.try_acquire(Some(client(1))).unwrap());

        assert_eq!(slots.try_acquire(Some(client(1))).unwrap_err(), NoSlot::Client);
        let _other = slots.try_acquire(Some(client(2))).unwrap();

        assert_eq!(slots.try_acquire(Some(client(2))).unwrap_err(), NoSlot::Full);
    }

    #[test]
    fn trusted_clients_count_in_total_only() {
        let slots = Slots::new(3, 1);
        let held = [(); 3].map(|()| slots.try_acquire(None));

        assert!(held.iter().all(Result::is_ok));
        assert_eq!(slots.try_acquire(None).unwrap_err(), NoSlot::Full);
        drop(held);
        assert_eq!(slots.taken(), 0);
    }
}
