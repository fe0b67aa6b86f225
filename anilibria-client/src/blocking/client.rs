//! The blocking client.

use bytes::Bytes;
use futures::Stream;
use serde::de::DeserializeOwned;

use super::{Iter, Runtime, Session};
use crate::{
    ClientBuilder, MirrorHealth, MirrorProbe, RateLimit, Result, api::search::SearchReleases,
    request::Request, session::Token,
};

/// A client whose calls block the thread. Cheap to clone: clones share connections, session and the thread that runs the
/// calls. See the [module](crate::blocking).
///
/// ```no_run
/// use anilibria_client::blocking::Client;
///
/// # fn main() -> anilibria_client::Result<()> {
/// let client = Client::new()?;
/// for release in client.releases().latest().limit(5).send()? {
///     println!("{}", release.name.main);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    client: crate::Client,
    runtime: Runtime,
}

impl Client {
    /// Creates a client of the live service with default settings.
    ///
    /// [`ClientBuilder::build_blocking`] creates a client with other settings.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config) if the thread cannot be started, or if no TLS provider is installed.
    pub fn new() -> Result<Self> {
        ClientBuilder::default().build_blocking()
    }

    /// Creates a client whose calls run on `runtime`, which several clients may share.
    pub fn with_runtime(client: crate::Client, runtime: Runtime) -> Self {
        Self { client, runtime }
    }

    /// Returns the async client. Its calls have to run on the runtime of this client: pass them to
    /// [`block_on`](Self::block_on) or [`iter`](Self::iter).
    pub fn as_async(&self) -> &crate::Client {
        &self.client
    }

    /// Returns the runtime that runs the calls.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Runs a future and waits for its result. See [`Runtime::block_on`].
    ///
    /// # Errors
    ///
    /// The errors of [`Runtime::block_on`].
    pub fn block_on<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Result<T> {
        self.runtime.block_on(future)
    }

    /// Returns an iterator over a stream, such as the events of [`watch`](crate::Client::watch).
    pub fn iter<T, S>(&self, stream: S) -> Iter<S>
    where
        S: Stream<Item = Result<T>> + Send + Unpin + 'static,
        T: Send + 'static,
    {
        Iter::new(stream, self.runtime.clone())
    }

    /// Returns the session of this client.
    pub fn session(&self) -> Session {
        Session::new(self.client.session(), self.runtime.clone())
    }

    /// Searches releases by name, as [`Client::search`](crate::Client::search) does.
    pub fn search(&self, query: impl Into<String>) -> SearchReleases<Runtime> {
        self.client.search(query).on(&self.runtime)
    }

    /// Sends `request` and decodes the response.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::fetch`](crate::Client::fetch).
    pub fn fetch<T: DeserializeOwned + Send + 'static>(&self, request: &Request) -> Result<T> {
        let (client, request) = (self.client.clone(), request.clone());
        self.block_on(async move { client.fetch(&request).await })?
    }

    /// Sends `request` and returns the body of the response.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::fetch_bytes`](crate::Client::fetch_bytes).
    pub fn fetch_bytes(&self, request: &Request) -> Result<Bytes> {
        let (client, request) = (self.client.clone(), request.clone());
        self.block_on(async move { client.fetch_bytes(&request).await })?
    }

    /// Fetches a media file of at most `max_size` bytes, as [`Client::media_file`](crate::Client::media_file) does.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::media_file`](crate::Client::media_file).
    pub fn media_file(&self, path: impl Into<String>, max_size: usize) -> Result<Bytes> {
        let (client, path) = (self.client.clone(), path.into());
        self.block_on(async move { client.media_file(&path, max_size).await })?
    }

    /// Returns the absolute URL of a media file.
    pub fn media_url(&self, path: &str) -> Option<String> {
        self.client.media_url(path)
    }

    /// Returns the URL of a read on the preferred mirror.
    ///
    /// # Errors
    ///
    /// The errors of [`Client::link`](crate::Client::link).
    pub fn link(&self, request: &Request) -> Result<String> {
        self.client.link(request)
    }

    /// Sends one request to each mirror at the same time, and makes the mirror that answers first the preferred one.
    ///
    /// # Errors
    ///
    /// The errors of [`Runtime::block_on`]. The failure of a mirror is part of the result.
    pub fn probe(&self) -> Result<Vec<MirrorProbe>> {
        let client = self.client.clone();
        self.block_on(async move { client.probe().await })
    }

    /// Returns the state of the mirrors, in the order in which they were added.
    pub fn mirrors(&self) -> Vec<MirrorHealth> {
        self.client.mirrors()
    }

    /// Returns the same client with a separate rate limit.
    #[must_use]
    pub fn rate_limited(&self, limit: RateLimit) -> Self {
        Self { client: self.client.rate_limited(limit), runtime: self.runtime.clone() }
    }

    /// Returns the same client in another session.
    #[must_use]
    pub fn in_session(&self, token: Token) -> Self {
        Self { client: self.client.in_session(token), runtime: self.runtime.clone() }
    }

    /// Returns the number of calls that can be made now without waiting for the rate limit.
    pub fn calls_left(&self) -> u32 {
        self.client.calls_left()
    }
}
