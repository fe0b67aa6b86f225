//! The WebSocket endpoint: clients subscribe to events and receive them.
//!
//! The `Origin` of the request is not checked. Events are public, no cookie authenticates a user, and a page of another site
//! receives nothing that the server of that site could not read itself.

#[cfg(test)]
mod asyncapi_tests;
mod command;
mod server_message;
mod session;

use std::sync::Arc;

use anilibria_http::{
    clients::Clients,
    problem::Problem,
    router::RouteTable,
    websocket::{Connection, Handshake},
};
use poem::{Endpoint, EndpointExt as _, Request, Response, http::Method};
use tokio::sync::Semaphore;

use self::session::ClientSession;
use super::Realtime;
use crate::auth::Users;

/// Maximum size of unsent messages per connection, in bytes. Events are sent one by one, so the buffer serves replies.
const SEND_BUFFER: usize = 256 * 1024;

/// Message types in the counter of messages from clients: commands, and other messages.
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

/// Message types in the counter of messages to clients, other than events.
pub const OUTGOING: [&str; 7] =
    ["auth_success", "subscribed", "unsubscribed", "resumed", "lagged", "pong", "error"];

/// Maximum number of concurrent connections that are rejected by a WebSocket message. Further connections are rejected by the
/// HTTP response.
const MAX_REJECTIONS: usize = 64;

/// Endpoint that accepts WebSocket connections. Cheap to clone.
#[derive(Clone)]
pub struct Sockets {
    realtime: Realtime,
    users: Users,
    clients: Arc<Clients>,
    rejections: Arc<Semaphore>,
}

impl Sockets {
    /// Creates an endpoint for the events of `realtime`. Tokens are checked with `users`. The number of connections per client
    /// is limited by `clients`.
    pub fn new(realtime: Realtime, users: Users, clients: Arc<Clients>) -> Self {
        Self { realtime, users, clients, rejections: Arc::new(Semaphore::new(MAX_REJECTIONS)) }
    }

    /// Returns the routes: below the base path, at `/ws` for a proxy that strips the base path, and at `/api/anilibria/ws`.
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
        let rejection = match &slot {
            Ok(_) => None,
            Err(no_slot) => {
                let permit = Arc::clone(&self.rejections).try_acquire_owned();
                Some(permit.map_err(|_| Problem::from(*no_slot))?)
            }
        };
        let (realtime, users) = (self.realtime.clone(), self.users.clone());
        Ok(handshake.accept(SEND_BUFFER, async move |socket| {
            match slot {
                Ok(slot) => {
                    let session = ClientSession::new(&realtime, users);
                    Connection::new(socket, realtime.live(), slot, session).run().await;
                }
                Err(_) => session::reject(socket).await,
            }
            drop(rejection);
        }))
    }
}
