//! The opening handshake of WebSocket, on the server side.

use std::future::Future;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use poem::{
    OnUpgrade, Request, Response, Upgraded,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use tracing::debug;

use crate::problem::Problem;

/// Maximum size in bytes of a message of a client.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// Size in bytes of the read buffer of each connection. It is small, because clients send short messages.
const READ_BUFFER: usize = 4 * 1024;

/// A WebSocket over an upgraded connection.
pub type Socket = WebSocketStream<Upgraded>;

/// A valid upgrade request that is not accepted yet.
pub struct Handshake {
    upgrade: OnUpgrade,
    accept: String,
}

impl Handshake {
    /// Reads the handshake of `request`.
    ///
    /// # Errors
    ///
    /// [`Problem::InvalidParameters`], with the first header that is missing or wrong, or [`Problem::WebSocketVersion`].
    pub fn of(request: &Request) -> Result<Self, Problem> {
        let accept = derive_accept_key(key(request.headers())?);
        let upgrade = request
            .take_upgrade()
            .map_err(|_| Problem::invalid("Upgrade", "is not possible on this connection"))?;
        Ok(Self { upgrade, accept })
    }

    /// Accepts the request and spawns a task that runs `serve` once the socket is open.
    ///
    /// At most `max_unsent` bytes are buffered for the client, so this is also the maximum length of a message to the client.
    pub fn accept<F>(self, max_unsent: usize, serve: impl FnOnce(Socket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send,
    {
        let upgrade = self.upgrade;
        tokio::spawn(async move {
            if let Some(socket) = open(upgrade, max_unsent).await {
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

async fn open(upgrade: OnUpgrade, max_unsent: usize) -> Option<Socket> {
    let stream = match upgrade.await {
        Ok(stream) => stream,
        Err(error) => {
            debug!(%error, "client disconnected before the WebSocket was open");
            return None;
        }
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(max_unsent)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    Some(WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await)
}

/// Returns `Sec-WebSocket-Key` if `headers` are those of a handshake.
fn key(headers: &HeaderMap) -> Result<&[u8], Problem> {
    if !has_token(headers, &header::UPGRADE, "websocket") {
        return Err(Problem::invalid("Upgrade", "must be `websocket`: this address is for WebSocket only"));
    }
    if !has_token(headers, &header::CONNECTION, "upgrade") {
        return Err(Problem::invalid("Connection", "must be `Upgrade`"));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Problem::WebSocketVersion);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    key.filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16))
        .ok_or_else(|| Problem::invalid("Sec-WebSocket-Key", "must be 16 bytes as Base64"))
}

/// True if the comma-separated list `name` contains `token`. The case is ignored.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_the_missing_header() {
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
