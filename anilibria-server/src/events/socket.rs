//! The WebSocket endpoint: clients subscribe to events and receive them.
//!
//! The `Origin` of the request is not checked: events are public, no cookie authenticates a user, and a page of another site
//! learns no more than its server could.

mod answer;
mod command;
#[cfg(test)]
mod described;
mod visitor;

use std::sync::Arc;

use anilibria_http::{
    clients::Clients,
    problem::Problem,
    router::RouteTable,
    websocket::{Connection, Handshake},
};
use poem::{Endpoint, EndpointExt as _, Request, Response, http::Method};
use tokio::sync::Semaphore;

use self::visitor::Visitor;
use super::Realtime;
use crate::auth::Users;

/// Maximum bytes of unsent messages. Events are sent one by one, so the buffer serves replies.
const UNSENT: usize = 256 * 1024;

/// Message types of clients that are counted: commands, and messages that are no command.
pub const INCOMING: [&str; 9] = [
    "auth",
    "subscribe_title",
    "unsubscribe_title",
    "subscribe_updates",
    "resume",
    "ping",
    "control",
    "invalid",
    "refused",
];

/// Message types to clients that are counted, other than events.
pub const OUTGOING: [&str; 7] =
    ["auth_success", "subscribed", "unsubscribed", "resumed", "lagged", "pong", "error"];

/// Maximum number of concurrent connections that are rejected over a WebSocket message. Further ones are rejected by the
/// HTTP response.
const TURNED_AWAY: usize = 64;

/// Endpoint that accepts WebSocket connections. Cheap to clone.
#[derive(Clone)]
pub struct Sockets {
    realtime: Realtime,
    users: Users,
    clients: Arc<Clients>,
    turned_away: Arc<Semaphore>,
}

impl Sockets {
    /// Creates an endpoint whose sockets receive the events of `realtime` and authenticate with `users`. Slots are limited
    /// per client of `clients`.
    pub fn new(realtime: Realtime, users: Users, clients: Arc<Clients>) -> Self {
        Self { realtime, users, clients, turned_away: Arc::new(Semaphore::new(TURNED_AWAY)) }
    }

    /// Returns the routes: at both addresses of the service, and at the one next to its base.
    pub fn table(&self) -> RouteTable {
        let base = anilibria_http::BASE;
        let paths = [
            "/ws".to_owned(),
            format!("{base}/ws"),
            "/api/anilibria/ws".to_owned(),
            "/api/anilibria/ws/*path".to_owned(),
        ];
        let route = |path| (path, [(Method::GET, self.clone().boxed())].into());
        paths.into_iter().map(route).collect()
    }
}

impl Endpoint for Sockets {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let handshake = Handshake::of(&request)?;
        let slot = self.realtime.live().try_acquire(self.clients.identify(&request).counted_network());
        let refusal = match &slot {
            Ok(_) => None,
            Err(no_slot) => {
                let place = Arc::clone(&self.turned_away).try_acquire_owned();
                Some(place.map_err(|_| Problem::from(*no_slot))?)
            }
        };
        let (realtime, users) = (self.realtime.clone(), self.users.clone());
        Ok(handshake.accept(UNSENT, async move |socket| {
            match slot {
                Ok(slot) => {
                    let visitor = Visitor::new(&realtime, users);
                    Connection::new(socket, realtime.live(), slot, visitor).run().await;
                }
                Err(_) => visitor::turn_away(socket).await,
            }
            drop(refusal);
        }))
    }
}
