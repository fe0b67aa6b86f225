//! WebSocket of v3. It sends all events, or those that a client has subscribed to.

mod client_connection;
mod event_pattern;
mod message_error;
mod subscription;
mod subscriptions;

use std::sync::Arc;

use anilibria_http::{
    clients::Clients,
    problem::Problem,
    router::RouteTable,
    websocket::{Connection, Handshake, LiveConnections},
};
use poem::{Endpoint, EndpointExt as _, Request, Response, http::Method};

use self::client_connection::ClientConnection;
use super::{
    Dialect,
    address::{LATEST, NUMBERED},
    events::EventHub,
};
use crate::options::GatewayOptions;

/// Maximum unsent bytes per connection: the largest event with its framing.
const MAX_UNSENT_BYTES: usize = 4 * 1024 * 1024;

/// Types of client messages for metrics.
pub const INCOMING: [&str; 4] = ["subscribe", "control", "invalid", "refused"];

/// Types of messages to clients for metrics, in addition to events.
pub const OUTGOING: [&str; 1] = ["connection"];

/// Paths in the old service, relative to the prefix of the version.
const PATHS: [&str; 2] = ["/ws", "/webSocket"];

/// Returns the routes, at all addresses of the old service. They send the events of `hub`. Each connection takes a slot of
/// `live`; slots are limited per client of `clients`.
pub fn table(
    live: &LiveConnections,
    hub: &EventHub,
    clients: &Arc<Clients>,
    options: GatewayOptions,
) -> RouteTable {
    let mut table = RouteTable::new();
    for prefix in [LATEST, NUMBERED] {
        let dialect = Dialect::of_prefix(prefix, options.dialect);
        for path in PATHS {
            let (live, hub, clients) = (live.clone(), hub.clone(), Arc::clone(clients));
            let socket = Socket { live, clients, hub, dialect, subscriptions: options.subscriptions };
            table.insert(format!("{prefix}{path}"), [(Method::GET, socket.boxed())].into());
        }
    }
    table
}

/// The endpoint of one address.
struct Socket {
    live: LiveConnections,
    clients: Arc<Clients>,
    hub: EventHub,
    dialect: Dialect,
    /// Maximum subscriptions per connection.
    subscriptions: usize,
}

impl Endpoint for Socket {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let handshake = Handshake::of(&request)?;
        let slot = self
            .live
            .try_acquire(self.clients.identify(&request).counted_network())
            .map_err(Problem::from)?;
        let client = ClientConnection::new(&self.hub, self.dialect, self.subscriptions);
        let live = self.live.clone();
        Ok(handshake.accept(MAX_UNSENT_BYTES, async move |socket| {
            Connection::new(socket, &live, slot, client).run().await;
        }))
    }
}
