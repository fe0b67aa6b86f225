//! WebSocket of v3: tells everything that happens, or what a client has subscribed to.

mod command;
mod guest;
mod pattern;
mod subscriptions;

use std::sync::Arc;

use anilibria_http::{
    clients::Clients,
    problem::Problem,
    router::RouteTable,
    websocket::{Connection, Handshake},
};
use poem::{Endpoint, EndpointExt as _, Request, Response, http::Method};

use self::guest::Guest;
use super::{
    Dialect,
    address::{LIVE, NUMBERED},
    news::News,
};
use crate::{config::V3Config, events::Realtime};

/// Most bytes that wait to be sent: the longest event and what surrounds it.
const UNSENT: usize = 4 * 1024 * 1024;

/// Types of messages of clients that are counted.
pub const INCOMING: [&str; 4] = ["subscribe", "control", "invalid", "refused"];

/// Types of messages to clients that are counted, besides events.
pub const OUTGOING: [&str; 1] = ["connection"];

/// Where the old service had it, behind the version.
const PATHS: [&str; 2] = ["/ws", "/webSocket"];

/// Returns the routes, at all addresses of the old service. They send `news`, and their connections take slots of
/// `realtime`, limited for each of `clients`.
pub fn table(realtime: &Realtime, news: &News, clients: &Arc<Clients>, config: V3Config) -> RouteTable {
    let mut table = RouteTable::new();
    for prefix in [LIVE, NUMBERED] {
        let dialect = Dialect::at(prefix, config);
        for path in PATHS {
            let (realtime, news, clients) = (realtime.clone(), news.clone(), Arc::clone(clients));
            let socket = Socket { realtime, clients, news, dialect, subscriptions: config.v3_subscriptions };
            table.insert(format!("{prefix}{path}"), [(Method::GET, socket.boxed())].into());
        }
    }
    table
}

/// Opens sockets at one address.
struct Socket {
    realtime: Realtime,
    clients: Arc<Clients>,
    news: News,
    dialect: Dialect,
    /// Most of one client.
    subscriptions: usize,
}

impl Endpoint for Socket {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let handshake = Handshake::of(&request)?;
        let slot = self
            .realtime
            .live()
            .enter(self.clients.identify(&request).counted_network())
            .map_err(Problem::from)?;
        let guest = Guest::new(&self.news, self.dialect, self.subscriptions);
        let realtime = self.realtime.clone();
        Ok(handshake.agree(UNSENT, async move |socket| {
            Connection::new(socket, realtime.live(), slot, guest).run().await;
        }))
    }
}
