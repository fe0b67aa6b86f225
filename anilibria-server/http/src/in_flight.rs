//! Limit on the memory of large answers that are being sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, combinators::BoxBody};
use poem::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{metrics::Limit, problem::Problem, rendered::Parts};

/// Minimum size in bytes of a large answer.
const LARGE: usize = 256 << 10;

/// Bytes per permit. The unit is not one byte because a semaphore counts in 32 bits.
const UNIT: usize = 1 << 10;

/// Counts the bytes of large answers until they are sent, up to a limit. Clones share the count.
///
/// A slow client keeps its answer in memory, even after the cache has evicted the entry. Answers from the same cache entry
/// share their bytes and are counted once.
#[derive(Clone, Debug)]
pub struct LargeAnswers {
    budget: Arc<Semaphore>,
    /// Large answers by the address of their bytes, which is unique while the bytes are held.
    held: Arc<Mutex<HashMap<usize, Weak<Shared>>>>,
}

/// Bytes that several answers share, with the permit for them.
#[derive(Debug)]
struct Shared {
    _bytes: Bytes,
    _permit: OwnedSemaphorePermit,
}

impl LargeAnswers {
    /// Creates a counter with a limit of `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        let permits = (max_bytes / UNIT).min(Semaphore::MAX_PERMITS);
        Self { budget: Arc::new(Semaphore::new(permits)), held: Arc::default() }
    }

    /// Counts `response` until its body is sent, if the response is large.
    ///
    /// # Errors
    ///
    /// [`Problem::Overloaded`] if the large answers would exceed the limit.
    pub fn hold(&self, response: &mut Response) -> Result<(), Problem> {
        let parts = response.extensions().get::<Parts>();
        let Some(bytes) = parts.map(|parts| &parts.prefix).filter(|bytes| bytes.len() >= LARGE) else {
            return Ok(());
        };
        let shared = self.share(bytes).ok_or_else(|| {
            Limit::AnswersInFlight.hit();
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
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let address = bytes.as_ptr().addr();
        if let Some(shared) = held.get(&address).and_then(Weak::upgrade) {
            return Some(shared);
        }
        held.retain(|_, shared| shared.strong_count() > 0);
        let units = u32::try_from(bytes.len().div_ceil(UNIT)).ok()?;
        let permit = Arc::clone(&self.budget).try_acquire_many_owned(units).ok()?;
        let shared = Arc::new(Shared { _bytes: bytes.clone(), _permit: permit });
        held.insert(address, Arc::downgrade(&shared));
        Some(shared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rendered::{Kept, respond, seal};

    /// Creates the answer from `entry` and counts it.
    fn hold(answers: &LargeAnswers, entry: &Bytes) -> Result<Response, Problem> {
        let mut response = respond(entry.clone(), Bytes::new(), Kept::Never);
        answers.hold(&mut response).map(|()| response)
    }

    #[tokio::test]
    async fn large_answers_are_bounded_until_they_are_sent() {
        let answers = LargeAnswers::new(3 * LARGE);
        let [entry, same_content] = [(); 2].map(|()| seal(&"a".repeat(2 * LARGE)));
        let first = hold(&answers, &entry).unwrap();

        let refused = hold(&answers, &same_content);
        let same_entry = hold(&answers, &entry).unwrap();
        let small = hold(&answers, &seal("1"));
        let sent = first.into_body().into_bytes().await.unwrap();
        drop(same_entry);

        assert!(matches!(refused, Err(Problem::Overloaded)) && small.is_ok());
        assert_eq!(sent.len(), 2 * LARGE);
        assert!(hold(&answers, &same_content).is_ok());
    }
}
