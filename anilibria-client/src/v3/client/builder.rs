//! Settings of a client of API v3.

use std::time::Duration;

use url::Url;

use super::Client;
use crate::{
    BreakerPolicy, RateLimit, Result, RetryPolicy, Secret,
    call::Async,
    client::builder::{USER_AGENT, config, url},
};

/// Settings of a [`Client`]. Each setter names its default.
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
        let common = crate::Client::builder().api_v3();
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

    /// Sets the version of the API in the path: `v3`, `v3.0` or `v3.0.14`. Has no effect if the base URL of the gateway has a
    /// path. Default: `v3`.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = version.into();
        self
    }

    /// Sets the origin of the site: the host of [`login`](Client::login), and of the paths of posters and torrents. Default:
    /// the origin of the gateway.
    pub fn site_base(mut self, origin: impl Into<String>) -> Self {
        self.site_base = Some(origin.into());
        self
    }

    /// Sets the complete URL of the WebSocket (`wss://gateway.example/v3/ws/`). Default: `ws/` below the API. Not used in
    /// browsers, where events are not available.
    pub fn ws_url(mut self, url: impl Into<String>) -> Self {
        self.ws_url = Some(url.into());
        self
    }

    /// Sets the header `User-Agent`. Default: the name, the version and the address of this crate.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self.common = self.common.user_agent(&self.user_agent);
        self
    }

    /// Sets the time limit of a call, over all retries. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.common = self.common.timeout(timeout);
        self
    }

    /// Sets the time limit of one attempt. Default: 10 seconds.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.common = self.common.attempt_timeout(timeout);
        self
    }

    /// Sets the maximum length of a response, in bytes after decompression. Default: 32 MiB.
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.common = self.common.max_response_size(bytes);
        self
    }

    /// Uses an HTTP client of your own for calls, for certificates and the like. Its user agent and proxy apply to calls. The
    /// WebSocket does not use it, because it needs HTTP/1.1.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.common = self.common.http_client(client);
        self
    }

    /// Sets a proxy for all calls and for the WebSocket (`http://user:password@host:port`). Default: the proxy of the system's
    /// environment.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        let url = url.into();
        self.proxy = Some(url.clone());
        self.common = self.common.proxy(url);
        self
    }

    /// Sets the retries of failed reads. Default: [`RetryPolicy::exponential`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.common = self.common.retry(policy);
        self
    }

    /// Sets the circuit breaker of the gateway. Default: five consecutive failures open the circuit for 30 seconds.
    pub fn breaker(mut self, policy: BreakerPolicy) -> Self {
        self.common = self.common.breaker(policy);
        self
    }

    /// Sets the maximum rate of calls; calls above it wait. Default: 20 per second, 40 at once.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.common = self.common.rate_limit(limit);
        self
    }

    /// Caches reads for five minutes, unless the call sets another time. Data of a session and random titles are never cached.
    /// Default: no cache.
    #[cfg(feature = "cache")]
    pub fn cache(mut self, cache: anilibria_cache::Cache) -> Self {
        self.common = self.common.cache(cache);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) with the name of a setting that is invalid.
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
    /// # Errors
    ///
    /// The errors of [`build`](Self::build).
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

/// Returns the root of the API: `base`, with `version` as the path if it has none.
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

/// Returns `base` with the scheme `https` if it has none.
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
    fn api_root_is_the_given_path_or_the_version() {
        let root = |base, version| api_root(base, version).unwrap().to_string();

        assert_eq!(root("gateway.example", "v3"), "https://gateway.example/v3");
        assert_eq!(root("http://127.0.0.1:8080/", "v3.0"), "http://127.0.0.1:8080/v3.0");
        assert_eq!(root("https://gateway.example/old/v3", "v3.0.14"), "https://gateway.example/old/v3");
    }

    #[test]
    fn invalid_settings_are_refused_by_name() {
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
