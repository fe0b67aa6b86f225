//! Settings of a client.

use std::{fmt, sync::Arc, time::Duration};

use url::Url;

use super::{
    BreakerPolicy, Client, Inner, Limits, RateLimit,
    failure::{self, Dialect},
    mirror::Mirrors,
    rate_limit::RateLimiter,
    transport::{Transport, TransportSettings},
};
use crate::{
    Error, Result, Secret,
    retry::{RetryBudget, RetryPolicy},
    token::{MemoryTokenStore, TokenStore, Tokens},
};

pub(crate) const USER_AGENT: &str =
    concat!("anilibria-client/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");

/// Settings of a [`Client`]; each setter names its default.
///
/// ```
/// use std::time::Duration;
///
/// use anilibria_client::Client;
///
/// let client = Client::builder()
///     .mirror("https://aniliberty.top/api/v1")
///     .mirror("https://mirror.example/api/v1")
///     .timeout(Duration::from_secs(10))
///     .build()?;
/// # Ok::<_, anilibria_client::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "settings do nothing until the client is built"]
pub struct ClientBuilder {
    mirrors: Vec<String>,
    user_agent: String,
    limits: Limits,
    media_origin: Option<String>,
    http_client: Option<reqwest::Client>,
    proxy: Option<Secret>,
    dialect: Dialect,
    retry: RetryPolicy,
    breaker: BreakerPolicy,
    rate_limit: RateLimit,
    token_store: Arc<dyn TokenStore>,
    #[cfg(feature = "cache")]
    cache: Option<anilibria_cache::Cache>,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("mirrors", &self.mirrors)
            .field("user_agent", &self.user_agent)
            .field("limits", &self.limits)
            .field("media_origin", &self.media_origin)
            .field("proxy", &self.proxy)
            .field("retry", &self.retry)
            .field("breaker", &self.breaker)
            .field("rate_limit", &self.rate_limit)
            .finish_non_exhaustive()
    }
}

impl Default for ClientBuilder {
    fn default() -> Self {
        let limits = Limits {
            timeout: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            hedge_delay: Some(Duration::from_millis(500)),
            learns_mirrors: true,
            max_response_size: 32 << 20,
        };
        Self {
            mirrors: Vec::new(),
            user_agent: USER_AGENT.to_owned(),
            limits,
            media_origin: None,
            http_client: None,
            proxy: None,
            dialect: failure::V1,
            retry: RetryPolicy::default(),
            breaker: BreakerPolicy::default(),
            rate_limit: RateLimit::per_second(20).burst(40),
            token_store: Arc::new(MemoryTokenStore),
            #[cfg(feature = "cache")]
            cache: None,
        }
    }
}

impl ClientBuilder {
    /// Base URLs of the live service, the main one first: the mirrors of a client for which no mirror is set.
    pub const LIVE_MIRRORS: [&'static str; 3] =
        ["https://anilibria.top/api/v1", "https://api.anilibria.app/api/v1", "https://aniliberty.top/api/v1"];

    /// Adds the base URL of a mirror, with its path (`https://host/api/v1`). Default: the three of the live service.
    ///
    /// Mirrors are tried in the order in which they were added, beginning with the one that answered last. They are
    /// different ways to one service: status 429 of one mirror does not send a call to another.
    pub fn mirror(mut self, base_url: impl Into<String>) -> Self {
        self.mirrors.push(base_url.into());
        self
    }

    /// Sets whether the API endpoints that `/app/status` lists become mirrors. Default: true.
    ///
    /// They are learned from each response of [`App::status`](crate::api::app::App::status) and from [`Client::probe`]: at most
    /// eight, HTTPS unless the mirror that lists them is not, and no addresses of the local network. They receive reads
    /// without a session only, so that no token, password or passkey goes to a host that you did not name.
    pub fn learn_mirrors(mut self, is_enabled: bool) -> Self {
        self.limits.learns_mirrors = is_enabled;
        self
    }

    /// Sets the header `User-Agent`. Default: the name, the version and the address of this crate.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Sets the time limit of a call, over all mirrors and retries. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// Sets the time limit of one attempt on one mirror. Default: 10 seconds.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt_timeout = timeout;
        self
    }

    /// Sets the time limit for a connection, including DNS and TLS. Default: 3 seconds, and at most three quarters of the
    /// attempt timeout, so that an attempt without a connection is known to have sent nothing.
    ///
    /// Has no effect with an [`http_client`](Self::http_client) of your own or in a browser.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// Sets the time after which a read that is not answered is sent to the next mirror as well; the first response wins.
    /// `None` disables hedging. Default: 500 milliseconds.
    ///
    /// Hedges and retries share a budget of one request for ten calls, with a reserve of 20. Writes are never sent to two
    /// mirrors at the same time. If the budget is empty, the next mirror is tried when the circuit of the first one opens,
    /// or when its share of the remaining time of the call is used up.
    pub fn hedge_after(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.limits.hedge_delay = delay.into();
        self
    }

    /// Sets the maximum length of a response, in bytes after decompression. Default: 32 MiB.
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.limits.max_response_size = bytes;
        self
    }

    /// Sets the host (and path) of pictures and files. Default: the host of the mirror that answered last; files are then
    /// requested from the other mirrors if that host fails.
    pub fn media_origin(mut self, origin: impl Into<String>) -> Self {
        self.media_origin = Some(origin.into());
        self
    }

    /// Uses an HTTP client of your own, for certificates and the like. Its user agent, proxy, connect timeout and redirect
    /// policy apply; disable its redirects and its `Referer`, so that no query reaches another host.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Sends all calls through a proxy: `http://`, `https://`, `socks5://` (the client resolves names) or `socks5h://` (the
    /// proxy resolves names), with credentials if needed (`socks5h://user:password@host:1080`). Default: the proxy of the
    /// system's environment.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Sets the retries of failed calls. Default: [`RetryPolicy::exponential`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the circuit breakers of the mirrors. Default: five consecutive failures open a circuit for 30 seconds.
    pub fn breaker(mut self, policy: BreakerPolicy) -> Self {
        self.breaker = policy;
        self
    }

    /// Sets the maximum rate of requests; calls above it wait. Default: 20 per second, 40 at once.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = limit;
        self
    }

    /// Sets the store of the session's token. Default: memory, so that a session ends with the process.
    pub fn token_store(mut self, store: impl TokenStore) -> Self {
        self.token_store = Arc::new(store);
        self
    }

    /// Caches reads: references for an hour, random selections never, everything else for five minutes, unless the call
    /// sets another time. Data of an account is never cached. Default: no cache.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use anilibria_cache::{Cache, MemoryStore};
    /// use anilibria_client::Client;
    ///
    /// let cache = Cache::builder().level(MemoryStore::new(64 << 20)).ttl(Duration::from_mins(5)).build();
    /// let client = Client::builder().cache(cache).build()?;
    /// # Ok::<_, anilibria_client::Error>(())
    /// ```
    #[cfg(feature = "cache")]
    pub fn cache(mut self, cache: anilibria_cache::Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Reads errors as API v3 writes them.
    #[cfg(feature = "v3")]
    pub(crate) fn api_v3(mut self) -> Self {
        self.dialect = failure::V3;
        self
    }

    /// Builds a client whose calls block the thread. The client has a separate runtime.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] with the name of a setting that is invalid, or if the thread cannot be started.
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub fn build_blocking(self) -> Result<crate::blocking::Client> {
        let client = self.build()?;
        Ok(crate::blocking::Client::with_runtime(client, crate::blocking::Runtime::start()?))
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] with the name of a setting that is invalid.
    pub fn build(self) -> Result<Client> {
        let roots = match self.mirrors.as_slice() {
            [] => ClientBuilder::LIVE_MIRRORS
                .iter()
                .map(|root| url("mirror", root))
                .collect::<Result<Vec<_>>>()?,
            roots => roots.iter().map(|root| url("mirror", root)).collect::<Result<Vec<_>>>()?,
        };
        let media_origin =
            self.media_origin.as_ref().map(|origin| url("media_origin", origin)).transpose()?;
        let Limits { timeout, attempt_timeout, connect_timeout, .. } = self.limits;
        for (setting, limit) in
            [("timeout", timeout), ("attempt_timeout", attempt_timeout), ("connect_timeout", connect_timeout)]
        {
            if limit.is_zero() {
                return Err(config(setting, "must be longer than zero"));
            }
        }
        let is_live = |base: &Url| {
            ClientBuilder::LIVE_MIRRORS.iter().any(|live| live.split('/').nth(2) == base.host_str())
        };
        if let Some(path) = self.dialect.path
            && let Some(base) = roots.iter().find(|base| base.path() == "/" && is_live(base))
        {
            let reason =
                format!("the path is missing; expected {}{path}", base.origin().ascii_serialization());
            return Err(config("mirror", reason));
        }
        let has_https = cfg!(any(feature = "tls", target_arch = "wasm32")) || self.http_client.is_some();
        if let Some(base) = roots.iter().find(|base| base.scheme() == "https" && !has_https) {
            let reason =
                format!("{base} needs the feature `tls-aws-lc`, `tls-ring` or `tls` of anilibria-client");
            return Err(config("mirror", reason));
        }
        let transport = match self.http_client {
            Some(client) => Transport::new(client),
            None => Transport::build(&TransportSettings {
                user_agent: &self.user_agent,
                proxy: self.proxy.as_ref(),
                connect_timeout: connect_timeout.min(attempt_timeout / 4 * 3),
            })?,
        };
        let inner = Inner {
            mirrors: Mirrors::new(&roots, self.breaker),
            transport,
            dialect: self.dialect,
            limits: self.limits,
            retry: self.retry,
            budget: RetryBudget::new(),
            media_origin,
            #[cfg(feature = "cache")]
            cache: self.cache,
        };
        Ok(Client {
            inner: Arc::new(inner),
            tokens: Arc::new(Tokens::new(self.token_store)),
            rate_limit: Arc::new(RateLimiter::new(self.rate_limit)),
        })
    }
}

/// Parses the base URL of `setting`.
pub(crate) fn url(setting: &'static str, text: &str) -> Result<Url> {
    let expected = |problem: &str| {
        config(setting, format!("{problem}; expected a URL such as {}", ClientBuilder::LIVE_MIRRORS[0]))
    };
    let url = match Url::parse(text) {
        // Without a scheme, the host is read as one.
        Err(url::ParseError::RelativeUrlWithoutBase) => return Err(expected("the scheme is missing")),
        Err(error) => return Err(expected(&error.to_string())),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            return Err(expected("the scheme is not http or https"));
        }
        Ok(url) => url,
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(config(setting, "must not contain credentials"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(config(setting, "must not contain a query or a fragment"));
    }
    Ok(url)
}

pub(crate) fn config(setting: &'static str, reason: impl Into<String>) -> Error {
    Error::Config { setting, reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_urls_are_refused_with_the_name_of_the_setting() {
        for root in
            ["anilibria.top/api/v1", "ftp://host/api", "https://host/api?x=1", "https://user:pw@host/api"]
        {
            let error = Client::builder().mirror(root).build().unwrap_err();

            assert!(matches!(error, Error::Config { setting: "mirror", .. }), "{root}: {error}");
            assert!(!format!("{error} {error:?}").contains("pw"), "{root}");
        }
    }

    #[test]
    fn a_url_without_a_scheme_is_refused_with_an_example() {
        for base in ["anilibria.top/api/v1", "anilibria.top:443/api/v1", "//anilibria.top"] {
            let error = Client::builder().mirror(base).build().unwrap_err();

            assert!(error.to_string().contains("https://anilibria.top/api/v1"), "{base}: {error}");
        }
    }

    #[test]
    fn a_live_host_without_the_path_of_the_api_is_refused_with_the_whole_url() {
        let error = Client::builder().mirror("https://aniliberty.top").build().unwrap_err();

        assert!(error.to_string().contains("https://aniliberty.top/api/v1"), "{error}");
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_refused_without_its_password() {
        for proxy in ["ftp://u:s3cret@host", "host:8080", "socks4://host", "http://", "socks5://u:s3cret@"] {
            let error = Client::builder().proxy(proxy).build().unwrap_err();

            assert!(matches!(error, Error::Config { setting: "proxy", .. }), "{proxy}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{proxy}: {error:?}");
        }
    }

    #[test]
    fn every_kind_of_proxy_is_accepted() {
        for proxy in ["http://u:p@host:3128", "https://host", "socks5://u:p@host:1080", "socks5h://host:1080"]
        {
            assert!(Client::builder().proxy(proxy).build().is_ok(), "{proxy}");
        }
    }

    #[test]
    fn no_duration_is_too_long_for_a_setting() {
        let builder = Client::builder().timeout(Duration::MAX).attempt_timeout(Duration::MAX);

        assert!(builder.connect_timeout(Duration::MAX).hedge_after(Duration::MAX).build().is_ok());
    }

    #[test]
    fn zero_timeout_is_refused() {
        let error = Client::builder().timeout(Duration::ZERO).build().unwrap_err();

        assert!(matches!(error, Error::Config { setting: "timeout", .. }), "{error}");
    }

    #[test]
    fn media_paths_get_the_origin_of_the_first_mirror_unless_it_is_set() {
        let default = Client::builder().mirror("http://one.example:8080/api/v1").build().unwrap();
        let own = Client::builder().media_origin("https://cdn.example/media/").build().unwrap();

        assert_eq!(default.media_url("/storage/a.jpg").unwrap(), "http://one.example:8080/storage/a.jpg");
        assert_eq!(own.media_url("/storage/a.jpg").unwrap(), "https://cdn.example/media/storage/a.jpg");
        assert_eq!(own.media_url("//player.example/1").unwrap(), "https://player.example/1");
        assert_eq!(own.media_url("https://other.example/a").unwrap(), "https://other.example/a");
        assert_eq!((own.media_url(""), own.media_url("not a url")), (None, None));
    }
}
