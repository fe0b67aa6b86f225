//! Limits on the size of a request, on the bodies that are read at a time, and on the requests in progress.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture};
use http_body::Body as _;
use http_body_util::combinators::BoxBody;
use poem::{Body, Request, http::HeaderMap};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::{metrics::Limit, problem::Problem};

/// Maximum time until a body has arrived.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of bytes of an oversized body that are read and discarded, so that the client can read the error response.
const MAX_DISCARDED: usize = 1 << 20;

/// Maximum time for discarding an oversized body.
const DISCARD_TIMEOUT: Duration = Duration::from_millis(500);

/// Size limits of one request.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Maximum size in bytes of the request target: path and query.
    pub uri: usize,
    /// Maximum size in bytes of all headers together, names and values.
    pub headers: usize,
}

impl RequestLimits {
    /// Checks the size of the request target and of the headers.
    ///
    /// # Errors
    ///
    /// [`Problem::UriTooLong`] or [`Problem::HeadersTooLarge`].
    pub fn check_head(&self, request: &Request) -> Result<(), Problem> {
        if uri_len(request) > self.uri {
            return Err(Problem::UriTooLong { limit: self.uri });
        }
        if headers_len(request.headers()) > self.headers {
            return Err(Problem::HeadersTooLarge { limit: self.headers });
        }
        Ok(())
    }
}

/// Reads request bodies into memory, a limited number at a time.
///
/// A body is read before its request counts as in progress. A slow sender therefore delays only other requests with a body.
#[derive(Debug)]
pub struct BodyReader {
    max_bytes: usize,
    permits: Semaphore,
}

impl BodyReader {
    /// Creates a reader for at most `max_bodies` bodies at a time, each with at most `max_bytes`.
    pub fn new(max_bytes: usize, max_bodies: usize) -> Self {
        Self { max_bytes, permits: Semaphore::new(max_bodies.min(Semaphore::MAX_PERMITS)) }
    }

    /// Reads the whole body of `request` and puts it back. Returns `None` if there is no body, as in most requests. The future
    /// is boxed, so that these requests reserve no memory for it.
    ///
    /// # Errors
    ///
    /// - [`Problem::Overloaded`] if too many bodies are being read.
    /// - [`Problem::PayloadTooLarge`] if the body exceeds the limit.
    /// - [`Problem::InvalidParameters`] if the body takes more than 10 seconds to arrive, or is incomplete.
    pub fn read<'r>(&'r self, request: &'r mut Request) -> Option<BoxFuture<'r, Result<(), Problem>>> {
        let body = request.take_body();
        (!body.is_empty()).then(|| self.read_limited(request, body.into()).boxed())
    }

    async fn read_limited(
        &self,
        request: &mut Request,
        body: BoxBody<Bytes, io::Error>,
    ) -> Result<(), Problem> {
        let size = body.size_hint().exact();
        let Ok(_permit) = self.permits.try_acquire() else {
            Limit::Bodies.hit();
            return Err(Problem::Overloaded);
        };
        if size.is_some_and(|size| size > self.max_bytes as u64) {
            return Err(self.too_large(body.into()).await);
        }
        let read = timeout(READ_TIMEOUT, self.collect(body.into())).await;
        request.set_body(read.unwrap_or_else(|_| Err(Problem::invalid("body", "takes too long to arrive")))?);
        Ok(())
    }

    async fn collect(&self, body: Body) -> Result<Bytes, Problem> {
        let mut stream = Box::pin(body.into_bytes_stream());
        let mut read = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let chunk =
                chunk.map_err(|error| Problem::invalid("body", format!("cannot be read: {error}")))?;
            if read.len() + chunk.len() > self.max_bytes {
                return Err(self.too_large(Body::from_bytes_stream(stream)).await);
            }
            read.extend_from_slice(&chunk);
        }
        Ok(read.freeze())
    }

    /// Discards the rest of the body for a limited time, and returns the error. If the connection were closed while the client
    /// still sends, the client would lose the response.
    async fn too_large(&self, rest: Body) -> Problem {
        let mut left = MAX_DISCARDED;
        let mut stream = Box::pin(rest.into_bytes_stream());
        let discard = async {
            while let Some(Ok(chunk)) = stream.next().await {
                left = left.saturating_sub(chunk.len());
                if left == 0 {
                    break;
                }
            }
        };
        let _ = timeout(DISCARD_TIMEOUT, discard).await;
        Problem::PayloadTooLarge { limit: self.max_bytes }
    }
}

fn uri_len(request: &Request) -> usize {
    request.uri().path_and_query().map_or(0, |text| text.as_str().len())
}

fn headers_len(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// Limit on the requests in progress.
#[derive(Debug)]
pub struct ConcurrencyLimit(Semaphore);

impl ConcurrencyLimit {
    /// Creates a limit of `max` requests at a time.
    pub fn new(max: usize) -> Self {
        Self(Semaphore::new(max.min(Semaphore::MAX_PERMITS)))
    }

    /// Takes a permit for one more request, which is in progress until the permit is dropped; `None` at the limit.
    pub fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.0.try_acquire().ok()
    }
}
