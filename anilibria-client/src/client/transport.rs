//! HTTP requests and responses as bytes, sent with the HTTP library.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use crate::{Error, Result, Secret, request::Wire, token::Token};

/// Maximum number of redirects that are followed. The service has none; a proxy may add one or two.
pub(super) const MAX_REDIRECTS: usize = 5;

/// The longest redirect target that an error shows, in characters.
const MAX_LOCATION: usize = 200;

/// The connections of a client.
pub(super) struct Transport {
    pub(super) http: reqwest::Client,
}

/// Settings of the connections.
#[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "a browser has its own connections"))]
pub(super) struct TransportSettings<'s> {
    pub(super) user_agent: &'s str,
    pub(super) proxy: Option<&'s Secret>,
    pub(super) connect_timeout: Duration,
}

/// A request to one mirror.
pub(super) struct Message<'m> {
    pub(super) url: String,
    pub(super) wire: &'m Wire,
    pub(super) token: Option<&'m Token>,
}

/// A response with its whole body.
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Transport {
    pub(super) fn new(http: reqwest::Client) -> Self {
        Self { http }
    }

    /// Creates the connections of a page, which the browser controls.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn build(settings: &TransportSettings<'_>) -> Result<Self> {
        if settings.proxy.is_some() {
            return Err(Error::Config {
                setting: "proxy",
                reason: "a page uses the proxy of its browser".to_owned(),
            });
        }
        Ok(Self { http: reqwest::Client::new() })
    }

    /// Creates connections with these settings.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn build(settings: &TransportSettings<'_>) -> Result<Self> {
        has_crypto_provider()?;
        let http = configured(reqwest::Client::builder(), settings.user_agent, settings.proxy)?;
        let http = http.connect_timeout(settings.connect_timeout);
        Ok(Self { http: http.build().map_err(|error| config("tls", error))? })
    }

    /// Sends `message` and reads the response with any status, up to `max_size` bytes.
    ///
    /// Redirects of a read are followed on the same origin.
    pub(super) async fn send(&self, message: &Message<'_>, max_size: usize) -> Result<Response> {
        let mut url = Url::parse(&message.url)
            .map_err(|error| Error::Config { setting: "mirror", reason: error.to_string() })?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.request(message, url.clone()).send().await.map_err(failure)?;
            let Some(target) = redirect_target(&url, &response) else {
                let (status, headers) = (response.status(), response.headers().clone());
                return Ok(Response { status, headers, body: read(response, max_size).await? });
            };
            if message.wire.method != Method::GET || target.origin() != url.origin() {
                return Err(redirected(&target));
            }
            url = target;
        }
        Err(redirected(&url))
    }

    fn request(&self, message: &Message<'_>, url: Url) -> reqwest::RequestBuilder {
        let Message { wire, token, .. } = message;
        let mut request =
            self.http.request(wire.method.clone(), url).header(header::ACCEPT, "application/json");
        if let Some(body) = &wire.body {
            request = request.header(header::CONTENT_TYPE, body.content_type).body(body.bytes.clone());
        }
        if let Some(token) = token {
            request = request.bearer_auth(token.expose());
        }
        request
    }
}

/// Adds the settings that all connections of this crate share: no `Referer`, redirects that only this crate follows, and
/// a proxy that is certainly used.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn configured(
    http: reqwest::ClientBuilder,
    user_agent: &str,
    proxy: Option<&Secret>,
) -> Result<reqwest::ClientBuilder> {
    let user_agent = http::HeaderValue::from_str(user_agent).map_err(|_| Error::Config {
        setting: "user_agent",
        reason: "must be visible ASCII characters".to_owned(),
    })?;
    let http = http.user_agent(user_agent).referer(false).redirect(reqwest::redirect::Policy::none());
    let Some(proxy) = proxy else { return Ok(http) };
    let invalid = |reason: &str| Error::Config { setting: "proxy", reason: reason.to_owned() };
    let url = Url::parse(proxy.expose()).map_err(|error| invalid(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") {
        return Err(invalid("must begin with http://, https://, socks5:// or socks5h://"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(invalid("must name a host"));
    }
    Ok(http.proxy(reqwest::Proxy::all(url).map_err(|error| config("proxy", error))?))
}

/// Checks that there is a crypto provider, without which the HTTP library panics.
#[cfg(all(feature = "tls", not(target_arch = "wasm32")))]
fn has_crypto_provider() -> Result<()> {
    use rustls::crypto::CryptoProvider;

    #[cfg(all(feature = "tls-ring", not(feature = "tls-aws-lc")))]
    if CryptoProvider::get_default().is_none() {
        // Another thread may have installed one meanwhile, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    if cfg!(feature = "tls-aws-lc") || CryptoProvider::get_default().is_some() {
        return Ok(());
    }
    let reason =
        "install a rustls crypto provider, or enable the feature `tls-aws-lc` or `tls-ring`".to_owned();
    Err(Error::Config { setting: "tls", reason })
}

#[cfg(all(not(feature = "tls"), not(target_arch = "wasm32")))]
#[expect(clippy::unnecessary_wraps, reason = "fails with the feature `tls`")]
fn has_crypto_provider() -> Result<()> {
    Ok(())
}

#[cfg(not(target_arch = "wasm32"))]
pub(super) fn config(setting: &'static str, error: reqwest::Error) -> Error {
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    Error::Config { setting, reason: cause.unwrap_or_else(|| error.without_url().to_string()) }
}

/// Returns the address to which `response` redirects. An HTTP client of the caller's own may have followed redirects
/// already; then it is the address that it came to, unless that has the origin of `url`.
fn redirect_target(url: &Url, response: &reqwest::Response) -> Option<Url> {
    if response.url().origin() != url.origin() {
        return Some(response.url().clone());
    }
    redirect_location(response)
}

/// Returns the address that a redirect names.
pub(super) fn redirect_location(response: &reqwest::Response) -> Option<Url> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(header::LOCATION).filter(|_| is_redirect)?;
    response.url().join(std::str::from_utf8(location.as_bytes()).ok()?).ok()
}

/// Returns the error of a redirect that is not followed. The target is shown without what may be secret.
pub(super) fn redirected(target: &Url) -> Error {
    let location = format!("{}{}", target.origin().ascii_serialization(), target.path());
    Error::Redirected { host: String::new(), location: location.chars().take(MAX_LOCATION).collect() }
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

/// Converts an error of the network. The URL is removed, as its query may hold a secret.
pub(super) fn failure(error: reqwest::Error) -> Error {
    let (host, error) = (String::new(), error.without_url());
    if is_connect(&error) {
        Error::Connect { host, source: Arc::new(error) }
    } else {
        Error::Interrupted { host, source: Arc::new(error) }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn is_connect(error: &reqwest::Error) -> bool {
    error.is_connect()
}

/// In a browser, it is unknown whether the request was sent.
#[cfg(target_arch = "wasm32")]
fn is_connect(_error: &reqwest::Error) -> bool {
    false
}
