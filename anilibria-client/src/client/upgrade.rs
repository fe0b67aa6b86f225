//! WebSocket connections over HTTP/1.1, with the certificates and proxies of all other calls.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};
use url::Url;

use super::{
    failure,
    transport::{self, Response},
};
use crate::{Error, Result, Secret, error::BoxError};

/// Maximum number of bytes that are read of a refused handshake.
const MAX_REFUSAL: usize = 64 << 10;

const READ_BUFFER: usize = 8 << 10;
const WRITE_BUFFER: usize = 4 << 10;

/// An open WebSocket.
pub(crate) type Socket = WebSocketStream<reqwest::Upgraded>;

/// Opens WebSocket connections with the same settings.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    http: reqwest::Client,
    timeout: Duration,
    max_message_size: usize,
}

/// Settings of a [`Dialer`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct DialerSettings<'s> {
    /// Time limit for opening a connection.
    pub(crate) timeout: Duration,
    /// Maximum size of a message in either direction, in bytes.
    pub(crate) max_message_size: usize,
    pub(crate) user_agent: &'s str,
    pub(crate) proxy: Option<&'s Secret>,
}

impl Dialer {
    pub(crate) fn new(settings: DialerSettings<'_>) -> Result<Self> {
        let DialerSettings { timeout, max_message_size, user_agent, proxy } = settings;
        // HTTP/2 has no upgrade.
        let http = transport::configured(reqwest::Client::builder().http1_only(), user_agent, proxy)?;
        let http = http.build().map_err(|error| transport::config("tls", error))?;
        Ok(Self { http, timeout, max_message_size })
    }

    /// Maximum size of a message in either direction, in bytes.
    pub(crate) fn max_message_size(&self) -> usize {
        self.max_message_size
    }

    /// Opens a WebSocket at `url`, whose scheme is `http` or `https`.
    pub(crate) async fn connect(&self, url: &Url) -> Result<Socket> {
        let opening = tokio::time::timeout(self.timeout, self.open(url));
        let timeout = |_| Err(Error::Timeout { host: String::new(), after: self.timeout });
        let opened = opening.await.unwrap_or_else(timeout);
        opened.map_err(|error| error.with_host(url.host_str().unwrap_or_default()))
    }

    async fn open(&self, url: &Url) -> Result<Socket> {
        let key = generate_key();
        let request = self.http.get(url.clone()).header(header::CONNECTION, "Upgrade");
        let request =
            request.header(header::UPGRADE, "websocket").header(header::SEC_WEBSOCKET_VERSION, "13");
        let request = request.header(header::SEC_WEBSOCKET_KEY, &key);
        let response = request.send().await.map_err(transport::failure)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(handshake_error(response).await);
        }
        let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
        if accepted != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            let source = BoxError::from("the handshake was not accepted as a WebSocket");
            return Err(Error::Interrupted { host: String::new(), source: Arc::from(source) });
        }
        let upgraded = response.upgrade().await.map_err(transport::failure)?;
        Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config(self.max_message_size)))
            .await)
    }
}

fn config(max_message_size: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER + 2 * max_message_size)
        .max_message_size(Some(max_message_size))
        .max_frame_size(Some(max_message_size))
}

/// Returns the error of a refused handshake.
async fn handshake_error(response: reqwest::Response) -> Error {
    let (status, headers) = (response.status(), response.headers().clone());
    if !(status.is_client_error() || status.is_server_error()) {
        return Error::Status { status: status.as_u16(), message: "no WebSocket at this URL".to_owned() };
    }
    // The beginning of the body contains the reason.
    let body = transport::read(response, MAX_REFUSAL).await.unwrap_or_default();
    failure::from_response(&Response { status, headers, body })
}
