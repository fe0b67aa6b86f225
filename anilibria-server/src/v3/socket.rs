//! WebSocket of v3: tells everything that happens, or what a client has subscribed to.

mod command;
mod guest;
mod pattern;
mod subscriptions;

use poem::{Endpoint, EndpointExt as _, Request, Response, http::Method};

use self::guest::Guest;
use super::{
    Dialect,
    address::{LIVE, NUMBERED},
    news::News,
};
use crate::{
    config::V3Config,
    problem::Problem,
    realtime::{
        Realtime,
        socket::{Connection, Handshake},
    },
    router::RouteTable,
};

/// Most bytes that wait to be sent: the longest event and what surrounds it.
const UNSENT: usize = 4 * 1024 * 1024;

/// Where the old service had it, behind the version.
const PATHS: [&str; 2] = ["/ws", "/webSocket"];

/// The routes, at all addresses of the old service. They tell `news`, and their clients count among those of `realtime`.
pub fn table(realtime: &Realtime, news: &News, config: V3Config) -> RouteTable {
    let mut table = RouteTable::new();
    for prefix in [LIVE, NUMBERED] {
        let dialect = Dialect::at(prefix, config);
        for path in PATHS {
            let (realtime, news) = (realtime.clone(), news.clone());
            let socket = Socket { realtime, news, dialect, subscriptions: config.v3_subscriptions };
            table.insert(format!("{prefix}{path}"), [(Method::GET, socket.boxed())].into());
        }
    }
    table
}

/// Opens sockets at one address.
struct Socket {
    realtime: Realtime,
    news: News,
    dialect: Dialect,
    /// Most of one client.
    subscriptions: usize,
}

impl Endpoint for Socket {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let handshake = Handshake::of(&request)?;
        let place = self.realtime.enter().ok_or(Problem::Overloaded)?;
        let guest = Guest::new(&self.news, self.dialect, self.subscriptions);
        let realtime = self.realtime.clone();
        Ok(handshake.agree(UNSENT, async move |socket| {
            Connection::new(socket, &realtime, guest).run().await;
            drop(place);
        }))
    }
}
