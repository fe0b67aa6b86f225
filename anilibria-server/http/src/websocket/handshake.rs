//! How a request becomes a socket.

use std::future::Future;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use poem::{
    OnUpgrade, Request, Response, Upgraded,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use sha1_smol::Sha1;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};
use tracing::debug;

use crate::problem::Problem;

/// Most bytes of a message of a client.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// Bytes that are read at a time. Clients say little, and each connection has a buffer of its own.
const READ_BUFFER: usize = 4 * 1024;

/// What the key of a request is hashed with.
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A socket as the framework hands it over.
pub type Socket = WebSocketStream<Upgraded>;

/// A request for a socket that is as it should be.
pub struct Handshake {
    upgrade: OnUpgrade,
    accept: String,
}

impl Handshake {
    /// The handshake of `request`; what is wrong with any other request.
    pub fn of(request: &Request) -> Result<Self, Problem> {
        let accept = accept(&key(request.headers())?);
        let upgrade = request.take_upgrade().map_err(|_| unfit("Upgrade", "cannot be done here"))?;
        Ok(Self { upgrade, accept })
    }

    /// Agrees, and has the client served by `serve` once the socket is open. At most `unsent` bytes wait for the client
    /// to take them, so that no message can be longer.
    pub fn agree<F>(self, unsent: usize, serve: impl FnOnce(Socket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send,
    {
        let upgrade = self.upgrade;
        tokio::spawn(async move {
            if let Some(socket) = open(upgrade, unsent).await {
                serve(socket).await;
            }
        });
        Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, self.accept)
            .finish()
    }
}

async fn open(upgrade: OnUpgrade, unsent: usize) -> Option<Socket> {
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
        .max_write_buffer_size(unsent)
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
