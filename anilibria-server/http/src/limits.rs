//! Bounds of what one request may send, of the bodies that are read at a time, and of the requests in progress.

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

/// Maximum time for a body to arrive.
const READ_FOR: Duration = Duration::from_secs(10);

/// Maximum bytes of an oversized body that are read and discarded, so that the client gets to read the refusal.
const MAX_DISCARDED: usize = 1 << 20;

/// Maximum time for which such a body is read.
const DISCARD_FOR: Duration = Duration::from_millis(500);

/// Bounds of what one request may send.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Maximum bytes of an address: path and query.
    pub uri: usize,
    /// Maximum bytes of all headers, names and values.
    pub headers: usize,
}

impl RequestLimits {
    /// Refuses a request whose address or headers are too long.
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

/// Reads the bodies of requests into memory, a bounded number at a time.
///
/// A body is read before its request counts as one in progress, so that slow senders only take places from each other.
#[derive(Debug)]
pub struct Bodies {
    max_bytes: usize,
    places: Semaphore,
}

impl Bodies {
    /// Creates a reader of bodies with at most `max_bytes` each, `max_bodies` at a time.
    pub fn new(max_bytes: usize, max_bodies: usize) -> Self {
        Self { max_bytes, places: Semaphore::new(max_bodies.min(Semaphore::MAX_PERMITS)) }
    }

    /// Reads the body of `request` and puts it back, complete. `None` if there is no body, as with most requests: those
    /// should not carry room for the work of the others.
    ///
    /// # Errors
    ///
    /// [`Problem::Overloaded`] if too many bodies are being read, [`Problem::PayloadTooLarge`], and
    /// [`Problem::InvalidParameters`] for a body that takes too long or breaks off.
    pub fn read<'r>(&'r self, request: &'r mut Request) -> Option<BoxFuture<'r, Result<(), Problem>>> {
        let body = request.take_body();
        (!body.is_empty()).then(|| self.receive(request, body.into()).boxed())
    }

    async fn receive(&self, request: &mut Request, body: BoxBody<Bytes, io::Error>) -> Result<(), Problem> {
        let size = body.size_hint().exact();
        let Ok(_place) = self.places.try_acquire() else {
            Limit::Bodies.hit();
            return Err(Problem::Overloaded);
        };
        if size.is_some_and(|size| size > self.max_bytes as u64) {
            return Err(self.too_large(body.into()).await);
        }
        let read = timeout(READ_FOR, self.read_whole(body.into())).await;
        request.set_body(read.unwrap_or_else(|_| Err(Problem::invalid("body", "takes too long to arrive")))?);
        Ok(())
    }

    async fn read_whole(&self, body: Body) -> Result<Bytes, Problem> {
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

    /// Reads on for a while: if the connection were closed while the client still sends, the answer would be lost.
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
        let _ = timeout(DISCARD_FOR, discard).await;
        Problem::PayloadTooLarge { limit: self.max_bytes }
    }
}

fn uri_len(request: &Request) -> usize {
    request.uri().path_and_query().map_or(0, |text| text.as_str().len())
}

fn headers_len(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// Limits the requests in progress.
#[derive(Debug)]
pub struct Gate(Semaphore);

impl Gate {
    /// Creates a gate for `max` requests at a time.
    pub fn new(max: usize) -> Self {
        Self(Semaphore::new(max.min(Semaphore::MAX_PERMITS)))
    }

    /// Takes a permit for one more request; `None` if none is left.
    pub fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.0.try_acquire().ok()
    }
}
