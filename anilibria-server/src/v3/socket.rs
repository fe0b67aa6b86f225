//! WebSocket of v3: tells everything that happens, or what a client has subscribed to.

mod command;
mod guest;
mod pattern;
mod subscriptions;

use poem::{Endpoint, EndpointExt as _, Request, Response, http::Method};

use self::guest::Guest;
use super::{dialect::Dialect, news::News};
use crate::{
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
const PATHS: [&str; 4] = ["ws", "ws/", "webSocket", "webSocket/"];

/// Opens sockets. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sockets {
    realtime: Realtime,
    news: News,
}

impl Sockets {
    /// Sockets that tell `news`. Their clients count among those of `realtime`, and have the same limits.
    pub fn new(realtime: Realtime, news: News) -> Self {
        Self { realtime, news }
    }

    /// The routes, at all addresses of the old service.
    pub fn table(&self) -> RouteTable {
        let paths = ["/v3", "/v3.0"].into_iter().flat_map(|base| PATHS.map(|path| format!("{base}/{path}")));
        let route = |path| (path, [(Method::GET, self.clone().boxed())].into());
        paths.map(route).collect()
    }
}

impl Endpoint for Sockets {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let handshake = Handshake::of(&request)?;
        let place = self.realtime.enter().ok_or(Problem::Overloaded)?;
        let guest = Guest::new(&self.news, Dialect::of(request.uri().path()));
        let realtime = self.realtime.clone();
        Ok(handshake.agree(UNSENT, async move |socket| {
            Connection::new(socket, &realtime, guest).run().await;
            drop(place);
        }))
    }
}
