//! How much one request may send, and how many may be in progress.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http_body::Body as _;
use http_body_util::combinators::BoxBody;
use poem::{Body, Request, http::HeaderMap};

use crate::problem::Problem;

/// Longest time a body of unknown length may take to arrive.
const READ_FOR: Duration = Duration::from_secs(10);

/// Most bytes of an oversized body that are read and thrown away, so that the client gets to read the refusal.
const MAX_DISCARDED: usize = 1 << 20;

/// Longest time such a body is read for.
const DISCARD_FOR: Duration = Duration::from_millis(500);

/// Bounds of what one request may send.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Most bytes of a body.
    pub body: usize,
    /// Most bytes of an address: path and query.
    pub uri: usize,
    /// Most bytes of all headers, names and values.
    pub headers: usize,
}

impl RequestLimits {
    /// Refuses a request that goes beyond a limit. A body of unknown length is read to find out; it stays available.
    pub async fn check(&self, request: &mut Request) -> Result<(), Problem> {
        if uri_len(request) > self.uri {
            return Err(Problem::UriTooLong { limit: self.uri });
        }
        if headers_len(request.headers()) > self.headers {
            return Err(Problem::HeadersTooLarge { limit: self.headers });
        }
        let body = BoxBody::from(request.take_body());
        match body.size_hint().exact() {
            Some(len) if len > self.body as u64 => Err(self.too_large(body.into()).await),
            Some(_) => {
                request.set_body(body);
                Ok(())
            }
            None => {
                let read = tokio::time::timeout(READ_FOR, self.read(body.into())).await;
                request.set_body(
                    read.unwrap_or_else(|_| Err(Problem::invalid("body", "takes too long to arrive")))?,
                );
                Ok(())
            }
        }
    }

    async fn read(&self, body: Body) -> Result<Bytes, Problem> {
        let mut stream = Box::pin(body.into_bytes_stream());
        let mut read = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let chunk =
                chunk.map_err(|error| Problem::invalid("body", format!("cannot be read: {error}")))?;
            if read.len() + chunk.len() > self.body {
                return Err(self.too_large(Body::from_bytes_stream(stream)).await);
            }
            read.extend_from_slice(&chunk);
        }
        Ok(read.freeze())
    }

    /// Reads on for a while: closing the connection on a client that still sends would lose the answer.
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
        let _ = tokio::time::timeout(DISCARD_FOR, discard).await;
        Problem::PayloadTooLarge { limit: self.body }
    }
}

fn uri_len(request: &Request) -> usize {
    request.uri().path_and_query().map_or(0, |text| text.as_str().len())
}

fn headers_len(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// Counts requests in progress, up to a bound.
#[derive(Debug)]
pub struct Gate {
    max: usize,
    open: AtomicUsize,
}

impl Gate {
    /// A gate that lets `max` requests in at a time.
    pub fn new(max: usize) -> Self {
        Self { max, open: AtomicUsize::new(0) }
    }

    /// Lets one more request in until the pass is dropped; `None` when too many are in.
    pub fn enter(&self) -> Option<Pass<'_>> {
        let pass = Pass { gate: self };
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        // Dropping the pass takes the count back.
        (before < self.max).then_some(pass)
    }
}

/// Holds a place in a [`Gate`] until dropped.
#[derive(Debug)]
pub struct Pass<'g> {
    gate: &'g Gate,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gate_lets_in_as_many_as_it_should() {
        let gate = Gate::new(2);

        let first = gate.enter();
        let second = gate.enter();
        assert!(first.is_some() && second.is_some());
        assert!(gate.enter().is_none());

        drop(first);
        assert!(gate.enter().is_some());
    }

    #[test]
    fn refused_request_leaves_no_trace() {
        let gate = Gate::new(1);
        let inside = gate.enter();
        for _ in 0..10 {
            assert!(gate.enter().is_none());
        }

        drop(inside);

        assert!(gate.enter().is_some());
    }
}
