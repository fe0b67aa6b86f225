//! Limit on the open connections of each client.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use ipnet::IpNet;

use crate::clients::network;

/// Counts open connections by client, up to a limit for each. Clones share the counts.
#[derive(Clone, Debug)]
pub(super) struct ClientConnections {
    max: usize,
    exempt: Vec<IpNet>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A permit for one connection, held until dropped.
#[derive(Debug)]
pub(super) struct ClientPermit {
    /// The client; `None` if it is not counted.
    client: Option<IpAddr>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl ClientConnections {
    /// Creates the counts with a limit of `max` connections per client. The networks in `exempt` have no limit.
    pub(super) fn new(max: usize, exempt: Vec<IpNet>) -> Self {
        Self { max, exempt, open: Arc::default() }
    }

    /// Creates counts without a limit.
    pub(super) fn unlimited() -> Self {
        Self { max: usize::MAX, exempt: Vec::new(), open: Arc::default() }
    }

    /// Takes a permit for one more connection from `address`; `None` if this client has too many.
    pub(super) fn try_acquire(&self, address: IpAddr) -> Option<ClientPermit> {
        let open = Arc::clone(&self.open);
        let address = address.to_canonical();
        if self.exempt.iter().any(|network| network.contains(&address)) {
            return Some(ClientPermit { client: None, open });
        }
        let client = network(address);
        let mut counts = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(ClientPermit { client: Some(client), open })
    }
}

impl Drop for ClientPermit {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut counts = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = counts.entry(client) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_cannot_exceed_its_limit() {
        let connections = ClientConnections::new(2, Vec::new());
        let [client, neighbour, other] =
            ["2001:db8::1", "2001:db8::2", "203.0.113.9"].map(|address| address.parse().unwrap());
        let permits = [client, neighbour].map(|address| connections.try_acquire(address));

        let (refused, accepted) = (connections.try_acquire(client), connections.try_acquire(other));
        drop(permits);

        assert!(refused.is_none() && accepted.is_some());
        assert!(connections.try_acquire(client).is_some());
        drop(accepted);
        assert_eq!(connections.open.lock().unwrap().len(), 0);
    }

    #[test]
    fn exempt_network_has_no_limit() {
        let connections = ClientConnections::new(1, vec!["172.20.0.0/16".parse().unwrap()]);

        let permits = [(); 3].map(|()| connections.try_acquire("172.20.0.2".parse().unwrap()));

        assert!(permits.iter().all(Option::is_some));
    }
}
