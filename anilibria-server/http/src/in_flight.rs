//! Limit on the memory of large responses that are being sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, combinators::BoxBody};
use poem::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{metrics::Limit, problem::Problem, rendered::BodyParts};

/// Minimum size in bytes of a large response.
const MIN_BYTES: usize = 256 << 10;

/// Bytes per permit. The unit is not one byte because a semaphore counts in 32 bits.
const BYTES_PER_PERMIT: usize = 1 << 10;

/// Counts the bytes of large responses until they are sent, up to a limit. A response is large from 256 KiB. Clones share the
/// count.
///
/// A slow client keeps its response in memory, even after the cache has evicted the entry. Responses from the same cache entry
/// share their bytes and are counted once.
#[derive(Clone, Debug)]
pub struct LargeResponses {
    permits: Arc<Semaphore>,
    /// Large responses by the address of their bytes, which is unique while the bytes are tracked.
    tracked: Arc<Mutex<HashMap<usize, Weak<Shared>>>>,
}

/// Bytes that several responses share, with the permit for them.
#[derive(Debug)]
struct Shared {
    _bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl LargeResponses {
    /// Creates a counter with a limit of `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        let count = (max_bytes / BYTES_PER_PERMIT).min(Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(count)), tracked: Arc::default() }
    }

    /// Counts `response` until its body is sent, if the response is large.
    ///
    /// # Errors
    ///
    /// [`Problem::Overloaded`] if the large responses would exceed the limit.
    pub fn track(&self, response: &mut Response) -> Result<(), Problem> {
        let parts = response.extensions().get::<BodyParts>();
        let Some(bytes) = parts.map(|parts| &parts.prefix).filter(|bytes| bytes.len() >= MIN_BYTES) else {
            return Ok(());
        };
        let shared = self.share(bytes).ok_or_else(|| {
            Limit::ResponsesInFlight.hit();
            Problem::Overloaded
        })?;
        // The closure owns the bytes and the permit, so that they live as long as the body.
        let body = BoxBody::from(response.take_body()).map_err(move |error| {
            let _ = &shared;
            error
        });
        response.set_body(body.boxed());
        Ok(())
    }

    fn share(&self, bytes: &Bytes) -> Option<Arc<Shared>> {
        let mut tracked = self.tracked.lock().unwrap_or_else(PoisonError::into_inner);
        let address = bytes.as_ptr().addr();
        if let Some(shared) = tracked.get(&address).and_then(Weak::upgrade) {
            return Some(shared);
        }
        tracked.retain(|_, shared| shared.strong_count() > 0);
        let units = u32::try_from(bytes.len().div_ceil(BYTES_PER_PERMIT)).ok()?;
        let permit = Arc::clone(&self.permits).try_acquire_many_owned(units).ok()?;
        let shared = Arc::new(Shared { _bytes: bytes.clone(), _permit: permit });
        tracked.insert(address, Arc::downgrade(&shared));
        Some(shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rendered::{CachePolicy, respond, with_etag};

    /// Creates the response from `entry` and counts it.
    fn track(responses: &LargeResponses, entry: &Bytes) -> Result<Response, Problem> {
        let mut response = respond(entry.clone(), Bytes::new(), CachePolicy::NoStore);
        responses.track(&mut response).map(|()| response)
    }

    #[tokio::test]
    async fn large_answers_are_bounded_until_they_are_sent() {
        let responses = LargeResponses::new(3 * MIN_BYTES);
        let [entry, same_content] = [(); 2].map(|()| with_etag(&"a".repeat(2 * MIN_BYTES)));
        let first = track(&responses, &entry).unwrap();

        let refused = track(&responses, &same_content);
        let same_entry = track(&responses, &entry).unwrap();
        let small = track(&responses, &with_etag("1"));
        let sent = first.into_body().into_bytes().await.unwrap();
        drop(same_entry);

        assert!(matches!(refused, Err(Problem::Overloaded)) && small.is_ok());
        assert_eq!(sent.len(), 2 * MIN_BYTES);
        assert!(track(&responses, &same_content).is_ok());
    }
}
