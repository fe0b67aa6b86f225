//! Calls: requests that are bound to a client and sent when they are awaited.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use serde::de::DeserializeOwned;

#[cfg(feature = "cache")]
use crate::request::Caching;
use crate::{
    Client, Result, RetryPolicy, SkippedItem,
    page::{self, ItemStream, PageStream, Window},
    request::{Arg, Request},
    runtime::CallFuture,
};

/// AniLiberty API v1, as the third parameter of [`Call`].
#[derive(Debug)]
pub enum V1 {}

/// AniLibria API v3, as the third parameter of [`Call`].
#[cfg(feature = "v3")]
#[derive(Debug)]
pub enum V3 {}

/// Runtime of calls that are awaited: the second parameter of [`Call`]. Calls that block the thread have `blocking::Runtime` as
/// this parameter (feature `blocking`).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Async;

/// A call of the endpoint `E`. Await the call to send it. A call of a blocking client is sent by `send`.
///
/// Each endpoint has an alias of this type, such as [`LatestReleases`](crate::api::releases::LatestReleases). The page of
/// the alias lists the parameters of the endpoint.
///
/// ```
/// # anilibria_client::offline(|client| async move {
/// use std::time::Duration;
///
/// let call = client.releases().latest().limit(3).timeout(Duration::from_secs(2));
/// assert_eq!(call.request().path(), "/anime/releases/latest");
/// assert_eq!(call.await?.len(), 3);
/// # Ok(())
/// # });
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<E, R = Async, A = V1> {
    pub(crate) client: Client,
    pub(crate) request: Request,
    pub(crate) runtime: R,
    endpoint: PhantomData<fn() -> (E, A)>,
}

/// An endpoint of the service. This crate implements the trait for the parameter of [`Call`].
pub trait Endpoint {
    /// Type of the decoded response.
    type Output;

    #[doc(hidden)]
    fn send(client: Client, request: Request) -> CallFuture<Result<Self::Output>>;
}

/// Endpoints that can leave out fields of their response.
pub trait Projected: Endpoint {}

/// Endpoints whose response is a page of a long list.
pub trait Paged: Endpoint {
    /// Type of the items.
    type Item: DeserializeOwned + Send + 'static;
}

impl<E, R: Clone, A> Call<E, R, A> {
    pub(crate) fn new(client: &Client, runtime: &R, request: Request) -> Self {
        Self { client: client.clone(), request, runtime: runtime.clone(), endpoint: PhantomData }
    }
}

impl<E, R, A> Call<E, R, A> {
    /// Sets the time limit of this call. Default: the [limit of the client](crate::ClientBuilder::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request = self.request.timeout(timeout);
        self
    }

    /// Sets the retry policy of this call. Default: the [policy of the client](crate::ClientBuilder::retry).
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.request = self.request.retry(policy);
        self
    }

    /// Sets the TTL of the response in the cache of the client. Default: depends on the endpoint, see
    /// [`ClientBuilder::cache`](crate::ClientBuilder::cache).
    #[cfg(feature = "cache")]
    pub fn cache_for(mut self, ttl: Duration) -> Self {
        self.request.set_caching(Caching::For(ttl));
        self
    }

    /// Bypasses the cache of the client: the response is neither read from the cache nor stored in it.
    #[cfg(feature = "cache")]
    pub fn uncached(mut self) -> Self {
        self.request.set_caching(Caching::Never);
        self
    }

    /// Returns the request as a plain value, for logs, tests and cache keys.
    pub fn request(&self) -> &Request {
        &self.request
    }
}

impl<E, A> Call<E, Async, A> {
    /// Sends the request and decodes the response as JSON into your own type `T`.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode) if the response does not have the form of `T`, and the errors of the call.
    pub async fn fetch_as<T: DeserializeOwned>(self) -> Result<T> {
        self.client.fetch(&self.request).await
    }
}

impl<E: Projected, R> Call<E, R> {
    /// Adds fields to the response, which then has no others. A dot leads into objects and lists (`"genres.name"`).
    ///
    /// Decode the response with [`fetch_as`](Self::fetch_as) if it lacks fields that the model requires.
    pub fn include(mut self, fields: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.request.extend_names("include", fields);
        self
    }

    /// Removes fields from the response. Takes precedence over [`include`](Self::include).
    pub fn exclude(mut self, fields: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.request.extend_names("exclude", fields);
        self
    }
}

impl<E: Paged, R> Call<E, R> {
    /// Sets the number of the page, from 1. The service takes 1 if unset. Zero is refused when the call is sent.
    pub fn page(mut self, page: impl Into<Arg<u32>>) -> Self {
        self.request.set_positive("page", page.into());
        self
    }

    /// Sets the number of items on a page. Zero is refused when the call is sent.
    ///
    /// The service takes 15 if unset, and refuses more than 50 (30 for the releases of a genre).
    pub fn limit(mut self, limit: impl Into<Arg<u32>>) -> Self {
        self.request.set_positive("limit", limit.into());
        self
    }
}

impl<E: Paged> Call<E> {
    /// Returns a stream of pages that starts at the [page](Self::page) of this call.
    ///
    /// The next page is requested while the caller handles the current one. The stream ends after the last page, or
    /// after the first error. A list that has more than 10,000 pages is an error.
    pub fn pages(self) -> PageStream<E::Item> {
        page::pages(self.client, self.request)
    }

    /// Returns a stream of the items of all [pages](Self::pages).
    pub fn items(self) -> ItemStream<E::Item> {
        page::items(self.client, self.request)
    }

    /// Fetches up to `len` items from `offset` on, and the length of the whole list.
    ///
    /// Fetches only pages that exist, at most two of them at a time.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`](crate::Error::InvalidRequest) if `len` is zero, and the errors of the call.
    pub async fn window(self, offset: u64, len: u32) -> Result<Window<E::Item>> {
        page::window(self.client, self.request, offset, len).await
    }
}

impl<E: Endpoint, A> IntoFuture for Call<E, Async, A> {
    type Output = Result<E::Output>;
    type IntoFuture = CallFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        E::send(self.client, self.request)
    }
}

impl<E, R: Clone, A> Clone for Call<E, R, A> {
    fn clone(&self) -> Self {
        Self::new(&self.client, &self.runtime, self.request.clone())
    }
}

impl<E, R, A> fmt::Debug for Call<E, R, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("client", &self.client)
            .field("request", &self.request)
            .finish_non_exhaustive()
    }
}

/// A call that sends as many requests as its arguments need. Await the call to send them.
#[must_use = "a call does nothing until it is awaited"]
pub struct BatchCall<T, R = Async> {
    pub(crate) requests: CallFuture<Result<T>>,
    #[cfg_attr(
        not(all(feature = "blocking", not(target_arch = "wasm32"))),
        expect(dead_code, reason = "only the runtime of a blocking client is ever read")
    )]
    pub(crate) runtime: R,
}

impl<T, R: Clone> BatchCall<T, R> {
    pub(crate) fn new(runtime: &R, requests: CallFuture<Result<T>>) -> Self {
        Self { requests, runtime: runtime.clone() }
    }
}

impl<T> Future for BatchCall<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.requests.as_mut().poll(context)
    }
}

impl<T, R> fmt::Debug for BatchCall<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BatchCall")
    }
}

/// Fetches a list, and logs the items that could not be decoded.
pub(crate) async fn list<T: DeserializeOwned>(client: &Client, request: &Request) -> Result<Vec<T>> {
    let (items, skipped) = client.fetch_list(request).await?;
    log_skipped(request, &skipped);
    Ok(items)
}

/// Fetches a list that the service writes as a single object if it has one item.
pub(crate) async fn one_or_many<T: DeserializeOwned>(client: &Client, request: &Request) -> Result<Vec<T>> {
    let (items, skipped) = client.fetch_one_or_many(request).await?;
    log_skipped(request, &skipped);
    Ok(items)
}

/// Logs the items of one response that could not be decoded: one line with the first of them and their number.
pub(crate) fn log_skipped(request: &Request, skipped: &[SkippedItem]) {
    if let Some(SkippedItem { id, path, reason }) = skipped.first() {
        tracing::warn!(
            route = request.template(),
            id,
            path,
            reason,
            count = skipped.len(),
            "items skipped: unexpected values"
        );
    }
}
