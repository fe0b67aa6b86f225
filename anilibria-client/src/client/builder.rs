//! The settings of a client.

use std::{fmt, sync::Arc, time::Duration};

use url::Url;

use super::{
    BreakerPolicy, Client, Inner, Limits, RateLimit,
    failure::{Refusal, by_status},
    mirror::Mirrors,
    rate_limit::RateLimiter,
    transport::Transport,
};
use crate::{
    Error, Result, Secret,
    retry::{RetryBudget, RetryPolicy},
    token::{MemoryTokenStore, TokenStore, Tokens},
};

/// The roots of the live service, the main one first.
const LIVE_MIRRORS: [&str; 3] =
    ["https://anilibria.top/api/v1", "https://api.anilibria.app/api/v1", "https://aniliberty.top/api/v1"];

pub(crate) const USER_AGENT: &str =
    concat!("anilibria-client/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");

/// Settings for a [`Client`]; each setter says its default.
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
    refusal: Refusal,
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
            max_response_size: 32 << 20,
        };
        Self {
            mirrors: Vec::new(),
            user_agent: USER_AGENT.to_owned(),
            limits,
            media_origin: None,
            http_client: None,
            proxy: None,
            refusal: by_status,
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
    /// Adds the root of a mirror, with its path (`https://host/api/v1`). Mirrors are tried in the order in which they
    /// were added, beginning with the last that answered. Default: the three of the live service.
    pub fn mirror(mut self, root: impl Into<String>) -> Self {
        self.mirrors.push(root.into());
        self
    }

    /// How the client names itself. Default: this crate, its version and its address.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// How long a call may take in all, over every mirror. Default: 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How long one attempt on one mirror may take. Default: 10 seconds.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt_timeout = timeout;
        self
    }

    /// The longest answer that is read, in bytes after decompression. Default: 32 MiB.
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

    /// An HTTP client of one's own, for proxies, certificates and the like. The user agent and the proxy are then its
    /// business.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// A proxy for all calls (`http://user:password@host:port`). Default: what the system's environment says.
    pub fn proxy(mut self, url: impl Into<Secret>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// When a failed call is tried again. Default: [`RetryPolicy::exponential`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// When a mirror is left alone. Default: for 30 seconds after five failures in a row.
    pub fn breaker(mut self, policy: BreakerPolicy) -> Self {
        self.breaker = policy;
        self
    }

    /// How many calls to make at most; those over it wait for their turn. Default: 20 a second, 40 at once.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = limit;
        self
    }

    /// Where the token of a session is kept. Default: nowhere, so that a session ends with the process.
    pub fn token_store(mut self, store: impl TokenStore) -> Self {
        self.token_store = Arc::new(store);
        self
    }

    /// A cache that reads go through: references for an hour, what is drawn by chance never, everything else for five
    /// minutes; a call may say otherwise. What belongs to an account is never cached. Default: none.
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

    /// The service refuses as API v3 does.
    #[cfg(feature = "v3")]
    pub(crate) fn speaks_v3(mut self) -> Self {
        self.refusal = super::failure::v3::refusal;
        self
    }

    /// Builds the client; fails with [`Error::Config`] when a setting cannot be right.
    pub fn build(self) -> Result<Client> {
        let roots = match self.mirrors.as_slice() {
            [] => LIVE_MIRRORS.iter().map(|root| url("mirror", root)).collect::<Result<Vec<_>>>()?,
            roots => roots.iter().map(|root| url("mirror", root)).collect::<Result<Vec<_>>>()?,
        };
        let media_origin =
            self.media_origin.as_ref().map(|origin| url("media_origin", origin)).transpose()?;
        for (setting, limit) in
            [("timeout", self.limits.timeout), ("attempt_timeout", self.limits.attempt_timeout)]
        {
            if limit.is_zero() {
                return Err(config(setting, "must be longer than zero"));
            }
        }
        let transport = match self.http_client {
            Some(client) => Transport::new(client),
            None => Transport::build(&self.user_agent, self.proxy.as_ref())?,
        };
        let inner = Inner {
            mirrors: Mirrors::new(&roots, self.breaker),
            transport,
            refusal: self.refusal,
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

pub(crate) fn url(setting: &'static str, text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|error| config(setting, error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(config(setting, "must be an http or https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(config(setting, "must not carry credentials"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(config(setting, "must end with its path"));
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
    fn urls_that_cannot_be_right_are_refused_with_the_name_of_the_setting() {
        for root in
            ["anilibria.top/api/v1", "ftp://host/api", "https://host/api?x=1", "https://user:pw@host/api"]
        {
            let error = Client::builder().mirror(root).build().unwrap_err();

            assert!(matches!(error, Error::Config { setting: "mirror", .. }), "{root}: {error}");
            assert!(!format!("{error} {error:?}").contains("pw"), "{root}");
        }
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
