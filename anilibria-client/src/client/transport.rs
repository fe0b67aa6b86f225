//! Bytes in, bytes out: the only place that knows the HTTP library.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{HeaderMap, StatusCode, header};

use crate::{Error, Result, Secret, request::Wire, token::Token};

/// The most redirects that are followed: the service has none, a proxy may add one or two.
#[cfg(not(target_arch = "wasm32"))]
const MAX_REDIRECTS: usize = 5;

/// The seam to the network.
pub(super) struct Transport {
    pub(super) http: reqwest::Client,
}

/// A request as it goes to one mirror.
pub(super) struct Message<'m> {
    pub(super) url: String,
    pub(super) wire: &'m Wire,
    pub(super) token: Option<&'m Token>,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Transport {
    pub(super) fn new(http: reqwest::Client) -> Self {
        Self { http }
    }

    /// A transport of the client's own, over what the browser has.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn build(_user_agent: &str, proxy: Option<&Secret>) -> Result<Self> {
        if proxy.is_some() {
            return Err(Error::Config { setting: "proxy", reason: "a browser has its own".to_owned() });
        }
        Ok(Self { http: reqwest::Client::new() })
    }

    /// A transport of the client's own, through a proxy if there is one.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn build(user_agent: &str, proxy: Option<&Secret>) -> Result<Self> {
        let config = |setting| {
            move |error: reqwest::Error| Error::Config { setting, reason: error.without_url().to_string() }
        };
        let redirects = reqwest::redirect::Policy::limited(MAX_REDIRECTS);
        let mut http = reqwest::Client::builder().user_agent(user_agent).redirect(redirects).referer(false);
        if let Some(proxy) = proxy {
            http = http.proxy(reqwest::Proxy::all(proxy.expose()).map_err(config("proxy"))?);
        }
        Ok(Self { http: http.build().map_err(config("user_agent"))? })
    }

    /// Sends `message` and reads the answer, whatever its status, up to `max_size` bytes.
    pub(super) async fn send(&self, message: &Message<'_>, max_size: usize) -> Result<Answer> {
        let Message { url, wire, token } = message;
        let mut request =
            self.http.request(wire.method.clone(), url).header(header::ACCEPT, "application/json");
        if let Some(body) = &wire.body {
            request = request.header(header::CONTENT_TYPE, body.content_type).body(body.bytes.clone());
        }
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
        let response = request.send().await.map_err(failure)?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: read(response, max_size).await? })
    }
}

/// Reads a body to its end, but not beyond `max_size`.
pub(super) async fn read(response: reqwest::Response, max_size: usize) -> Result<Bytes> {
    let mut chunks = response.bytes_stream();
    let mut body = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(failure)?;
        if body.len() + chunk.len() > max_size {
            return Err(Error::TooLarge { limit: max_size });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// A failure of the network. The URL is cut off, as its query may hold what nobody should read.
pub(super) fn failure(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if error.is_redirect() {
        Error::Redirected { source: Arc::new(error) }
    } else if is_connect(&error) {
        Error::Connect { source: Arc::new(error) }
    } else {
        Error::Interrupted { source: Arc::new(error) }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn is_connect(error: &reqwest::Error) -> bool {
    error.is_connect()
}

/// A browser does not tell; the request may have left.
#[cfg(target_arch = "wasm32")]
fn is_connect(_error: &reqwest::Error) -> bool {
    false
}
