//! The client, its settings, and the pipeline of its calls.

mod breaker;
pub(crate) mod builder;
#[cfg(feature = "cache")]
pub(crate) mod cached;
mod decode;
mod failure;
mod media;
mod metrics;
mod mirror;
#[cfg(feature = "sandbox")]
mod offline;
mod outage;
mod pipeline;
pub(crate) mod rate_limit;
pub(crate) mod read;
mod transport;
#[cfg(all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32")))]
pub(crate) mod upgrade;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use url::Url;

#[cfg(all(feature = "v3", not(target_arch = "wasm32")))]
pub(crate) use self::failure::v3::message_error as v3_message_error;
#[cfg(feature = "download")]
pub(crate) use self::media::{MediaFile, MediaRequest};
#[cfg(feature = "sandbox")]
pub use self::offline::offline;
pub use self::{
    breaker::{Breaker, BreakerPolicy, BreakerState, Permit},
    builder::ClientBuilder,
    decode::{SkippedItem, decode},
    failure::retry_after,
    mirror::MirrorHealth,
    outage::{Outage, OutageChange},
    rate_limit::RateLimit,
};

pub(crate) use self::decode::{decode_list, decode_page};
use self::{
    decode::{decode_one_or_many, decode_partial_page},
    failure::Dialect,
    mirror::Mirrors,
    rate_limit::RateLimiter,
    transport::Transport,
};
use crate::{
    Error, Result,
    page::Page,
    request::Request,
    retry::{RetryBudget, RetryPolicy},
    token::{Token, Tokens},
};

/// A client of AniLibria. Cheap to clone: clones share connections, session, rate limit and the state of the mirrors.
///
/// ```no_run
/// use anilibria_client::Client;
///
/// # async fn example() -> anilibria_client::Result<()> {
/// let client = Client::new()?;
/// for release in client.releases().latest().limit(5).await? {
///     println!("{}", release.name.main);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    tokens: Arc<Tokens>,
    rate_limit: Arc<RateLimiter>,
}

struct Inner {
    mirrors: Mirrors,
    transport: Transport,
    dialect: Dialect,
    limits: Limits,
    retry: RetryPolicy,
    budget: RetryBudget,
    /// Host of media files; `None` for the preferred mirror.
    media_origin: Option<Url>,
    #[cfg(feature = "cache")]
    cache: Option<anilibria_cache::Cache>,
}

/// Limits of a call.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Time limit of the whole call.
    timeout: Duration,
    /// Time limit of one attempt on one mirror.
    attempt_timeout: Duration,
    /// Time limit of a connection.
    connect_timeout: Duration,
    /// Time after which a read is sent to the next mirror as well; `None` without hedging.
    hedge_delay: Option<Duration>,
    /// True if endpoints that the service lists become mirrors.
    learns_mirrors: bool,
    /// Maximum length of a response, in bytes after decompression.
    max_response_size: usize,
}

/// The operation that lists the API endpoints.
const STATUS: &str = "/app/status";

/// Result of [`Client::probe`] for one mirror.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MirrorProbe {
    /// Host and port of the mirror.
    pub mirror: String,
    /// Time until the response of the mirror, or the error of the request.
    pub latency: Result<Duration>,
}

impl Client {
    /// Creates a client of the live service with default settings.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if the crate is built without a TLS provider and none is installed.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Returns the settings of a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Sends `request` and decodes the response.
    ///
    /// Typed calls do this when they are awaited. Use this method for an operation that this version does not know.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the response does not have the form of `T`, [`Error::InvalidRequest`] if the request is invalid, and
    /// the other [errors](Error) of calls.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::{model::Genre, request::Request};
    /// use http::Method;
    ///
    /// let request = Request::new(Method::GET, "/anime/genres/{genre}").arg("genre", 1_u32);
    ///
    /// let genre: Genre = client.fetch(&request).await?;
    /// assert_eq!(genre.id.get(), 1);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn fetch<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        self.fetch_with(request, decode).await
    }

    /// Sends `request` and decodes the page; items that cannot be decoded are in [`Page::skipped`].
    pub(crate) async fn fetch_page<T: DeserializeOwned>(&self, request: &Request) -> Result<Page<T>> {
        self.fetch_with(request, decode_page).await
    }

    /// Sends `request` and decodes the page. Unlike [`fetch_page`](Self::fetch_page), a page of which no item can be
    /// decoded is not an error.
    pub(crate) async fn fetch_partial_page<T: DeserializeOwned>(&self, request: &Request) -> Result<Page<T>> {
        self.fetch_with(request, decode_partial_page).await
    }

    /// Sends `request` and decodes the list. Items that cannot be decoded are returned beside it.
    pub(crate) async fn fetch_list<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<(Vec<T>, Vec<SkippedItem>)> {
        self.fetch_with(request, decode_list).await
    }

    /// Sends `request` and decodes the response as [`fetch_list`](Self::fetch_list) does. A single object is a list of
    /// one item.
    pub(crate) async fn fetch_one_or_many<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<(Vec<T>, Vec<SkippedItem>)> {
        self.fetch_with(request, decode_one_or_many).await
    }

    /// Sends `request`, or takes its response from the cache, and decodes the body with `decode`.
    async fn fetch_with<T>(&self, request: &Request, decode: fn(&[u8]) -> Result<T>) -> Result<T> {
        #[cfg(feature = "cache")]
        if let (Some(cache), Some(ttl)) = (&self.inner.cache, cached::ttl(request)) {
            return cached::fetch(self, cache, request, ttl, decode).await;
        }
        pipeline::send(self, request, &|body| decode(&body)).await
    }

    /// Sends `request` and returns the body of the response, for operations whose response is not JSON.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if the request is invalid, and the other [errors](Error) of calls.
    pub async fn fetch_bytes(&self, request: &Request) -> Result<Bytes> {
        pipeline::send(self, request, &Ok).await
    }

    /// Returns the URL of a read on the preferred mirror, for example to share a link to a feed or a file. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`] if the request is invalid, or is not sent as GET.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let torrent = client.torrents().list().limit(1).await?.items.remove(0);
    ///
    /// let link = client.link(client.torrents().file(torrent.id).request())?;
    /// assert!(link.ends_with(&format!("/anime/torrents/{}/file", torrent.id)));
    /// # Ok(())
    /// # });
    /// ```
    pub fn link(&self, request: &Request) -> Result<String> {
        let wire = request.wire()?;
        let mirrors = self.inner.mirrors.in_order();
        let mirror = mirrors.first().filter(|_| wire.method == http::Method::GET);
        let no_link = Error::InvalidRequest { field: "request".to_owned(), reason: "only reads have a link" };
        mirror.map(|mirror| mirror.url(&wire.target)).ok_or(no_link)
    }

    /// Sends one request to each mirror at the same time, and makes the mirror that answers first the preferred one.
    ///
    /// A program can call this method at its start. Without it, the first call finds a mirror that answers. The outcome counts
    /// for the circuit breaker of the mirror: a success closes the circuit, a failure counts as a failure. Mirrors that the
    /// responses list are [learned](ClientBuilder::learn_mirrors), and probed by the next call of this method.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let mirrors = client.probe().await;
    ///
    /// assert!(mirrors.iter().all(|mirror| mirror.latency.is_ok()));
    /// # Ok(())
    /// # });
    /// ```
    pub async fn probe(&self) -> Vec<MirrorProbe> {
        let request = Request::new(http::Method::GET, STATUS);
        let mirrors = self.inner.mirrors.all();
        let probes = mirrors.iter().map(|mirror| pipeline::probe(self, mirror, &request, &Ok));
        let outcomes = futures::future::join_all(probes).await;
        let latencies = outcomes.into_iter().map(|outcome| outcome.map(|(_, latency)| latency));
        let probes: Vec<_> = mirrors.iter().zip(latencies).collect();
        let fastest =
            probes.iter().filter_map(|(mirror, latency)| Some((latency.as_ref().ok()?, mirror.index)));
        if let Some((_, index)) = fastest.min() {
            self.inner.mirrors.prefer(index);
        }
        let probe = |(mirror, latency): (&Arc<mirror::Mirror>, _)| MirrorProbe {
            mirror: mirror.name.clone(),
            latency,
        };
        probes.into_iter().map(probe).collect()
    }

    /// Returns the state of the mirrors, in the order in which they were added.
    ///
    /// ```
    /// use anilibria_client::{BreakerState, Client};
    ///
    /// let client = Client::new()?;
    ///
    /// assert!(client.mirrors().iter().all(|mirror| mirror.state == BreakerState::Closed));
    /// # Ok::<_, anilibria_client::Error>(())
    /// ```
    pub fn mirrors(&self) -> Vec<MirrorHealth> {
        self.inner.mirrors.health()
    }

    /// Returns the number of calls that can be made now without waiting for the rate limit.
    ///
    /// ```
    /// # use anilibria_client::{Client, RateLimit};
    /// let client = Client::builder().rate_limit(RateLimit::per_second(5).burst(10)).build()?;
    ///
    /// assert_eq!(client.calls_left(), 10);
    /// # Ok::<_, anilibria_client::Error>(())
    /// ```
    pub fn calls_left(&self) -> u32 {
        self.rate_limit.available()
    }

    /// Returns the same client with a separate rate limit. Its calls do not count against the limit of this client.
    ///
    /// The new client shares connections, circuit breakers, cache and session with this one. A service that gives each
    /// purpose such a client keeps one purpose from using up the calls of another.
    ///
    /// ```
    /// # use anilibria_client::{Client, RateLimit};
    /// let client = Client::builder().rate_limit(RateLimit::per_second(20)).build()?;
    /// let background = client.rate_limited(RateLimit::per_second(5));
    ///
    /// assert_eq!((client.calls_left(), background.calls_left()), (20, 5));
    /// # Ok::<_, anilibria_client::Error>(())
    /// ```
    #[must_use]
    pub fn rate_limited(&self, limit: RateLimit) -> Self {
        Self { rate_limit: Arc::new(RateLimiter::new(limit)), ..self.clone() }
    }

    /// Returns the HTTP client, so that another client can share its connections.
    #[cfg(feature = "v3")]
    pub(crate) fn connections(&self) -> reqwest::Client {
        self.inner.transport.http.clone()
    }

    /// Returns a client with another session, for a service that makes calls for many users. Both clients share connections, rate
    /// limit and the state of the mirrors. The new session is in memory only. As cheap as a clone.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let token = client.auth().login("demo", "demo").await?;
    ///
    /// let of_user = client.in_session(token);
    /// assert!(of_user.profile().get().await?.login.is_some());
    /// assert!(client.profile().get().await.is_err());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn in_session(&self, token: Token) -> Self {
        Self { tokens: Arc::new(Tokens::of(token)), ..self.clone() }
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { mirrors, limits, media_origin, .. } = &*self.inner;
        f.debug_struct("Client")
            .field("mirrors", mirrors)
            .field("limits", limits)
            .field("media_origin", &media_origin.as_ref().map(Url::as_str))
            .finish_non_exhaustive()
    }
}
