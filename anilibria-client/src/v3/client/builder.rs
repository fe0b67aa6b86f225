//! The settings of a v3 client.

use std::time::Duration;

use url::Url;

use super::Client;
use crate::{
    BreakerPolicy, RateLimit, Result, RetryPolicy, Secret,
    call::Async,
    client::builder::{USER_AGENT, config, url},
};

/// Settings for a [`Client`]; each setter says its default.
///
/// ```
/// use std::time::Duration;
///
/// use anilibria_client::{RetryPolicy, v3::Client};
///
/// let client = Client::builder("https://gateway.example")
///     .api_version("v3.0")
///     .site_base("https://anilibria.top")
///     .timeout(Duration::from_secs(10))
///     .retry(RetryPolicy::none())
///     .build()?;
/// # Ok::<_, anilibria_client::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until the client is built"]
pub struct ClientBuilder {
    api_base: String,
    api_version: String,
    site_base: Option<String>,
    ws_url: Option<String>,
    user_agent: String,
    proxy: Option<Secret>,
    common: crate::ClientBuilder,
}

impl ClientBuilder {
    pub(super) fn new(api_base: String) -> Self {
        let common = crate::Client::builder().speaks_v3();
        Self {
            api_base,
            api_version: "v3".to_owned(),
            site_base: None,
            ws_url: None,
            user_agent: USER_AGENT.to_owned(),
            proxy: None,
            common,
        }
    }

    /// Which version of the API is asked for in the path: `v3`, `v3.0` or `v3.0.14`. Counts only when the gateway was
    /// given without a path. Default: `v3`.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }

    /// The site: where [`login`](Client::login) happens and what the paths of posters and torrents lie below. Default:
    /// the origin of the gateway.
    pub fn site_base(mut self, origin: impl Into<String>) -> Self {
        self.site_base = Some(origin.into());
        self
    }

    /// The whole address of the WebSocket (`wss://gateway.example/v3/ws/`). Default: `ws/` below the API. There is none
    /// in browsers.
    pub fn ws_url(mut self, url: impl Into<String>) -> Self {
        self.ws_url = Some(url.into());
        self
    }

    /// How the client names itself. Default: this crate, its version and its address.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self.common = self.common.user_agent(&self.user_agent);
        self
    }

    /// How long a call may take in all. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.common = self.common.timeout(timeout);
        self
    }

    /// How long one attempt may take. Default: 10 seconds.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.common = self.common.attempt_timeout(timeout);
        self
    }

    /// The longest answer that is read, in bytes after decompression. Default: 32 MiB.
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.common = self.common.max_response_size(bytes);
        self
    }

    /// An HTTP client of one's own, for certificates and the like. The user agent and the proxy of calls are then its
    /// business. The WebSocket is not: it goes its own way, by HTTP/1.1.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.common = self.common.http_client(client);
        self
    }

    /// A proxy for all calls and for the WebSocket (`http://user:password@host:port`). Default: what the system's
    /// environment says.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        let url = url.into();
        self.proxy = Some(url.clone());
        self.common = self.common.proxy(url);
        self
    }

    /// When a failed read is tried again. Default: [`RetryPolicy::exponential`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.common = self.common.retry(policy);
        self
    }

    /// When the gateway is left alone. Default: for 30 seconds after five failures in a row.
    pub fn breaker(mut self, policy: BreakerPolicy) -> Self {
        self.common = self.common.breaker(policy);
        self
    }

    /// How many calls to make at most; those over it wait for their turn. Default: 20 a second, 40 at once.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.common = self.common.rate_limit(limit);
        self
    }

    /// A cache that reads go through, for five minutes unless a call says otherwise. What belongs to a session is never
    /// cached, nor is a random title. Default: none.
    #[cfg(feature = "cache")]
    pub fn cache(mut self, cache: anilibria_cache::Cache) -> Self {
        self.common = self.common.cache(cache);
        self
    }

    /// Builds the client; fails with [`Error::Config`](crate::Error::Config) when a setting cannot be right.
    pub fn build(self) -> Result<Client> {
        let api = api_root(&self.api_base, &self.api_version)?;
        let site = match &self.site_base {
            Some(base) => url("site_base", &with_scheme(base))?,
            None => url("site_base", &api.origin().ascii_serialization())?,
        };
        #[cfg(not(target_arch = "wasm32"))]
        let socket = self.socket(&api)?;
        let common = self.common.media_origin(site.as_str());
        let client = common.clone().mirror(api.as_str()).build()?;
        let site = common.http_client(client.connections()).mirror(site.as_str()).build()?;
        Ok(Client {
            client,
            runtime: Async,
            site,
            #[cfg(not(target_arch = "wasm32"))]
            socket: std::sync::Arc::new(socket),
        })
    }

    /// Builds a client whose calls block the thread. `runtime` runs the calls.
    ///
    /// ```
    /// use anilibria_client::{blocking::Runtime, v3::Client};
    ///
    /// let client = Client::builder("https://gateway.example").build_blocking(Runtime::start()?)?;
    /// let call = client.updates().limit(3); // `call.send()` sends the call.
    /// # Ok::<_, anilibria_client::Error>(())
    /// ```
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub fn build_blocking(
        self,
        runtime: crate::blocking::Runtime,
    ) -> Result<Client<crate::blocking::Runtime>> {
        let Client { client, site, socket, .. } = self.build()?;
        Ok(Client { client, runtime, site, socket })
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn socket(&self, api: &Url) -> Result<super::Socket> {
        let url = match &self.ws_url {
            Some(url) => url.clone(),
            None => format!("{}/ws/", api.as_str().trim_end_matches('/')),
        };
        let url = crate::socket::address("ws_url", &url)?;
        Ok(super::Socket { url, user_agent: self.user_agent.clone(), proxy: self.proxy.clone() })
    }
}

/// The root of the API: as it was given, or below the version where it was given without a path.
fn api_root(base: &str, version: &str) -> Result<Url> {
    let mut root = url("api_base", &with_scheme(base))?;
    if !is_version(version) {
        return Err(config("api_version", "must be v3, v3.N or v3.N.N"));
    }
    if root.path() == "/" {
        root.set_path(version);
    }
    Ok(root)
}

/// A host alone is one that takes HTTPS.
fn with_scheme(base: &str) -> String {
    if base.contains("://") { base.to_owned() } else { format!("https://{base}") }
}

fn is_version(version: &str) -> bool {
    let mut parts = version.split('.');
    let is_number =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.next() == Some("v3") && parts.clone().count() <= 2 && parts.all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn root_of_the_api_is_what_was_given_or_lies_below_the_version() {
        let root = |base, version| api_root(base, version).unwrap().to_string();

        assert_eq!(root("gateway.example", "v3"), "https://gateway.example/v3");
        assert_eq!(root("http://127.0.0.1:8080/", "v3.0"), "http://127.0.0.1:8080/v3.0");
        assert_eq!(root("https://gateway.example/old/v3", "v3.0.14"), "https://gateway.example/old/v3");
    }

    #[test]
    fn settings_that_cannot_be_right_are_refused_by_name() {
        let setting = |builder: ClientBuilder| match builder.build() {
            Err(Error::Config { setting, .. }) => setting,
            other => panic!("{other:?}"),
        };

        assert_eq!(setting(Client::builder("ftp://gateway.example")), "api_base");
        assert_eq!(setting(Client::builder("https://user:pw@gateway.example")), "api_base");
        for version in ["v2", "v3.", "v3.0.1.2", "v3/x", "", "v3.0000"] {
            assert_eq!(setting(Client::builder("gateway.example").api_version(version)), "api_version");
        }
        assert_eq!(setting(Client::builder("gateway.example").site_base("mailto:x://y")), "site_base");
        assert_eq!(setting(Client::builder("gateway.example").ws_url("gateway.example/ws")), "ws_url");
        assert_eq!(setting(Client::builder("gateway.example").timeout(Duration::ZERO)), "timeout");
    }

    #[test]
    fn socket_is_below_the_api_unless_it_is_set() {
        let url = |builder: ClientBuilder| builder.build().unwrap().socket.url.to_string();

        assert_eq!(url(Client::builder("gateway.example")), "https://gateway.example/v3/ws/");
        assert_eq!(
            url(Client::builder("gateway.example").ws_url("ws://other.example/w")),
            "http://other.example/w"
        );
    }

    #[test]
    fn site_is_the_origin_of_the_gateway_unless_it_is_set() {
        let gateway = Client::new("http://gateway.example:8080/v3").unwrap();

        assert_eq!(gateway.site_url("/a.jpg").unwrap(), "http://gateway.example:8080/a.jpg");
        assert_eq!(gateway.site_url("https://other.example/a").unwrap(), "https://other.example/a");
    }
}
