//! The client: settings, and the one road that every call takes.

mod breaker;
pub(crate) mod builder;
#[cfg(feature = "cache")]
pub(crate) mod cached;
mod decode;
mod failure;
#[cfg(any(feature = "download", all(feature = "v3", not(target_arch = "wasm32"))))]
mod media;
mod mirror;
mod observe;
#[cfg(feature = "sandbox")]
mod offline;
mod pipeline;
mod rate_limit;
pub(crate) mod read;
mod transport;
#[cfg(all(any(feature = "live", feature = "v3"), not(target_arch = "wasm32")))]
pub(crate) mod upgrade;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use url::Url;

#[cfg(all(feature = "v3", not(target_arch = "wasm32")))]
pub(crate) use self::failure::v3::said_in as said_in_v3;
#[cfg(feature = "download")]
pub(crate) use self::media::MediaRequest;
#[cfg(feature = "sandbox")]
pub use self::offline::offline;
pub use self::{
    breaker::{Breaker, BreakerPolicy, BreakerState, Permit},
    builder::ClientBuilder,
    decode::{SkippedItem, decode},
    failure::retry_after,
    mirror::MirrorHealth,
    rate_limit::RateLimit,
};

pub(crate) use self::decode::{decode_list, decode_page};
use self::{failure::Refusal, mirror::Mirrors, rate_limit::RateLimiter, transport::Transport};
use crate::{
    Error, Result,
    page::Page,
    request::Request,
    retry::{RetryBudget, RetryPolicy},
    token::{Token, Tokens},
};

/// A client of AniLibria. Cheap to clone: clones share connections and what is known about the mirrors.
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
    refusal: Refusal,
    limits: Limits,
    retry: RetryPolicy,
    budget: RetryBudget,
    media_origin: Url,
    #[cfg(feature = "cache")]
    cache: Option<anilibria_cache::Cache>,
}

/// The bounds of a call.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// For the whole call, whatever it takes.
    timeout: Duration,
    /// For one attempt on one mirror.
    attempt_timeout: Duration,
    /// For an answer, in bytes and after decompression.
    max_response_size: usize,
}

impl Client {
    /// A client of the live service with default settings.
    pub fn new() -> Result<Self> {
        Self::builder().build()
    }

    /// Settings for a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Sends `request` and decodes the answer.
    ///
    /// The typed requests do this when they are awaited; call it for an operation that this version does not know.
    pub async fn fetch<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        self.fetch_with(request, decode).await
    }

    /// Sends `request` and decodes the page; items that cannot be decoded are in [`Page::skipped`].
    pub(crate) async fn fetch_page<T: DeserializeOwned>(&self, request: &Request) -> Result<Page<T>> {
        self.fetch_with(request, decode_page).await
    }

    /// Sends `request` and decodes the list. Items that cannot be decoded are returned beside it.
    pub(crate) async fn fetch_list<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<(Vec<T>, Vec<SkippedItem>)> {
        self.fetch_with(request, decode_list).await
    }

    /// Sends `request`, or takes its answer from the cache, and decodes the body with `decode`.
    async fn fetch_with<T>(&self, request: &Request, decode: fn(&[u8]) -> Result<T>) -> Result<T> {
        #[cfg(feature = "cache")]
        if let (Some(cache), Some(ttl)) = (&self.inner.cache, cached::ttl(request)) {
            return cached::fetch(self, cache, request, ttl, decode).await;
        }
        pipeline::send(self, request, &|body| decode(&body)).await
    }

    /// Sends `request` and gives the answer as it is, for operations whose answer is no JSON.
    pub async fn fetch_bytes(&self, request: &Request) -> Result<Bytes> {
        pipeline::send(self, request, &Ok).await
    }

    /// The address of a read on the mirror that is asked first: a link to hand out, to a feed or a file.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let hash = client.torrents().list().limit(1).await?.items[0].hash;
    ///
    /// let link = client.link(client.torrents().file(hash).request())?;
    /// assert!(link.ends_with(&format!("/anime/torrents/{hash}/file")));
    /// # Ok(())
    /// # });
    /// ```
    pub fn link(&self, request: &Request) -> Result<String> {
        let wire = request.wire()?;
        let mirror = self.inner.mirrors.in_turn().next().filter(|_| wire.method == http::Method::GET);
        let no_link = Error::InvalidRequest { field: "request".to_owned(), reason: "only reads have a link" };
        mirror.map(|(_, mirror)| mirror.url(&wire.target)).ok_or(no_link)
    }

    /// How the mirrors are, in the order in which they were given.
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

    /// How many calls may be made at once now; further ones have to wait for their turn.
    ///
    /// ```
    /// # use anilibria_client::{Client, RateLimit};
    /// let client = Client::builder().rate_limit(RateLimit::per_second(5).burst(10)).build()?;
    ///
    /// assert_eq!(client.calls_left(), 10);
    /// # Ok::<_, anilibria_client::Error>(())
    /// ```
    pub fn calls_left(&self) -> u32 {
        self.rate_limit.left()
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

    /// The connections of this client, for another one that shares them.
    #[cfg(feature = "v3")]
    pub(crate) fn connections(&self) -> reqwest::Client {
        self.inner.transport.http.clone()
    }

    /// The same client in another session: it shares connections, limits and what is known about the mirrors with this
    /// one, and nothing of its session. As cheap as a clone, for a service that calls on behalf of many users.
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

    /// A path of the service (`/storage/…`) as an absolute URL on the media host; absolute URLs stay as they are.
    ///
    /// ```
    /// let client = anilibria_client::Client::new()?;
    ///
    /// let url = client.media_url("/storage/poster.webp");
    ///
    /// assert_eq!(url.as_deref(), Some("https://anilibria.top/storage/poster.webp"));
    /// # Ok::<_, anilibria_client::Error>(())
    /// ```
    pub fn media_url(&self, path: &str) -> Option<String> {
        let origin = self.inner.media_origin.as_str().trim_end_matches('/');
        match path {
            "" => None,
            path if path.starts_with("//") => Some(format!("https:{path}")),
            path if path.starts_with('/') => Some(format!("{origin}{path}")),
            path => Url::parse(path).ok().map(|_| path.to_owned()),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { mirrors, limits, media_origin, .. } = &*self.inner;
        f.debug_struct("Client")
            .field("mirrors", mirrors)
            .field("limits", limits)
            .field("media_origin", &media_origin.as_str())
            .finish_non_exhaustive()
    }
}
