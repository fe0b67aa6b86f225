//! WebSocket: clients say what they want to hear of, and hear of it.
//!
//! Where the request comes from is not looked at: events are public, nobody is logged in by a cookie, and a page of another
//! site learns no more than its server could.

mod allowance;
mod answer;
mod command;
mod connection;
#[cfg(test)]
mod described;

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use poem::{
    Endpoint, EndpointExt as _, OnUpgrade, Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
};
use sha1_smol::Sha1;
use tokio::sync::Semaphore;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};
use tracing::debug;

use self::connection::Connection;
use super::Realtime;
use crate::{auth::Users, openapi, problem::Problem, router::RouteTable};

/// Most bytes of a message of a client.
const MAX_MESSAGE: usize = 64 * 1024;

/// Bytes that are read at a time. Clients say little, and each connection has a buffer of its own.
const READ_BUFFER: usize = 4 * 1024;

/// Most bytes that wait to be sent; events come one by one, so this is for answers.
const MAX_WRITE_BUFFER: usize = 256 * 1024;

/// Clients that are told at a time that there is no place for them; more are told by the answer to their request.
const TURNED_AWAY: usize = 64;

/// What the key of a request is hashed with.
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Opens sockets. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sockets {
    realtime: Realtime,
    users: Users,
    turned_away: Arc<Semaphore>,
}

impl Sockets {
    /// Sockets that are kept up to date by `realtime`, and over which `users` may say who they are.
    pub fn new(realtime: Realtime, users: Users) -> Self {
        Self { realtime, users, turned_away: Arc::new(Semaphore::new(TURNED_AWAY)) }
    }

    /// The routes: at both addresses of the service, and at the one beside its base.
    pub fn table(&self) -> RouteTable {
        let base = openapi::BASE;
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
        let key = key(request.headers())?;
        let place = self.realtime.enter();
        let refusal = match &place {
            Some(_) => None,
            None => Some(Arc::clone(&self.turned_away).try_acquire_owned().map_err(|_| Problem::Overloaded)?),
        };
        let upgrade = request.take_upgrade().map_err(|_| unfit("Upgrade", "cannot be done here"))?;
        let (realtime, users) = (self.realtime.clone(), self.users.clone());
        tokio::spawn(async move {
            let Some(socket) = open(upgrade).await else { return };
            match place {
                Some(_place) => Connection::new(socket, &realtime, users).run().await,
                None => connection::turn_away(socket).await,
            }
            drop(refusal);
        });
        Ok(Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, accept(&key))
            .finish())
    }
}

async fn open(upgrade: OnUpgrade) -> Option<connection::Socket> {
    let stream = match upgrade.await {
        Ok(stream) => stream,
        Err(error) => {
            debug!(%error, "A client left before the socket was open");
            return None;
        }
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    Some(WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await)
}

/// The key of a request for a socket; what is wrong with any other.
fn key(headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    if !lists(headers, &header::UPGRADE, "websocket") {
        return Err(unfit("Upgrade", "must be `websocket`: this address is for WebSocket only"));
    }
    if !lists(headers, &header::CONNECTION, "upgrade") {
        return Err(unfit("Connection", "must be `Upgrade`"));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(unfit("Sec-WebSocket-Version", "must be 13"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let is_key = |key: &&HeaderValue| STANDARD.decode(key.as_bytes()).is_ok_and(|key| key.len() == 16);
    key.filter(is_key).cloned().ok_or_else(|| unfit("Sec-WebSocket-Key", "must be 16 bytes as Base64"))
}

/// Whether the comma list `name` has `token` in it, in any case.
fn lists(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

fn unfit(header: &'static str, reason: &'static str) -> Problem {
    Problem::invalid(header, reason)
}

/// What proves that the request was understood.
fn accept(key: &HeaderValue) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(MAGIC);
    STANDARD.encode(hash.digest().bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_of_the_standard_gets_the_answer_of_the_standard() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");

        assert_eq!(accept(&key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn request_that_is_not_for_a_socket_is_told_what_it_lacks() {
        let good = [
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            pairs.iter().map(pair).collect()
        };
        assert!(key(&headers(&good)).is_ok());

        for left_out in 0..good.len() {
            let mut pairs = good.to_vec();
            let (name, _) = pairs.remove(left_out);
            let problem = key(&headers(&pairs)).unwrap_err().to_string();
            assert!(problem.to_lowercase().contains(name), "{problem}");
        }
        let short = [&good[..3], &[("sec-websocket-key", "c2hvcnQ=")]].concat();
        assert!(key(&headers(&short)).is_err());
    }
}
