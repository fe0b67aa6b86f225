//! The number of open connections of each client.

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
pub(super) struct ClientPlace {
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
    pub(super) fn enter(&self, address: IpAddr) -> Option<ClientPlace> {
        let open = Arc::clone(&self.open);
        let address = address.to_canonical();
        if self.exempt.iter().any(|network| network.contains(&address)) {
            return Some(ClientPlace { client: None, open });
        }
        let client = network(address);
        let mut counts = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(ClientPlace { client: Some(client), open })
    }
}

impl Drop for ClientPlace {
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
    fn client_has_no_more_connections_than_it_may() {
        let connections = ClientConnections::new(2, Vec::new());
        let [client, neighbour, other] =
            ["2001:db8::1", "2001:db8::2", "203.0.113.9"].map(|address| address.parse().unwrap());
        let places = [client, neighbour].map(|address| connections.enter(address));

        let (refused, accepted) = (connections.enter(client), connections.enter(other));
        drop(places);

        assert!(refused.is_none() && accepted.is_some());
        assert!(connections.enter(client).is_some());
        drop(accepted);
        assert_eq!(connections.open.lock().unwrap().len(), 0);
    }

    #[test]
    fn trusted_proxy_has_any_number() {
        let connections = ClientConnections::new(1, vec!["172.20.0.0/16".parse().unwrap()]);

        let places = [(); 3].map(|()| connections.enter("172.20.0.2".parse().unwrap()));

        assert!(places.iter().all(Option::is_some));
    }
}
