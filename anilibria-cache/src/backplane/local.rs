//! A backplane between caches of one process.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use futures::{StreamExt, stream, stream::BoxStream};
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Backplane, Signal};
use crate::{error::Result, invalidation::Invalidation};

/// Maximum number of messages that wait for a slow member. A member that misses messages receives a resync.
const CAPACITY: usize = 1024;

/// A [`Backplane`] between caches of one process: for tests, and for processes with several caches of the same values.
/// Its cost is negligible if it has a single member.
///
/// ```
/// # async fn example() {
/// use anilibria_cache::{Cache, LocalBackplane, MemoryStore};
/// use std::time::Duration;
///
/// let backplane = LocalBackplane::new();
/// let cache = |member| {
///     Cache::builder().level(MemoryStore::new(1 << 20)).ttl(Duration::from_mins(5)).backplane(member).build()
/// };
/// let (one, other) = (cache(backplane.join()), cache(backplane.join()));
/// # }
/// ```
#[derive(Debug)]
pub struct LocalBackplane {
    messages: broadcast::Sender<(u64, Invalidation)>,
    members: Arc<AtomicU64>,
    id: u64,
}

impl LocalBackplane {
    /// Creates a backplane with one member, which is the returned value.
    pub fn new() -> Self {
        Self { messages: broadcast::Sender::new(CAPACITY), members: Arc::default(), id: 0 }
    }

    /// Adds a member to the backplane. Each cache needs a separate member.
    pub fn join(&self) -> Self {
        let id = self.members.fetch_add(1, Ordering::Relaxed) + 1;
        Self { messages: self.messages.clone(), members: Arc::clone(&self.members), id }
    }
}

impl Default for LocalBackplane {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Backplane for LocalBackplane {
    fn name(&self) -> &'static str {
        "local"
    }

    async fn publish(&self, invalidation: &Invalidation) -> Result<()> {
        // An error means that there is no subscriber.
        let _ = self.messages.send((self.id, invalidation.clone()));
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, Signal> {
        let own = self.id;
        stream::unfold(self.messages.subscribe(), move |mut messages| async move {
            loop {
                match messages.recv().await {
                    Ok((sender, _)) if sender == own => {}
                    Ok((_, invalidation)) => return Some((Signal::Invalidate(invalidation), messages)),
                    Err(RecvError::Lagged(_)) => return Some((Signal::Resync, messages)),
                    Err(RecvError::Closed) => return None,
                }
            }
        })
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invalidation::Scope;

    #[tokio::test]
    async fn members_receive_messages_of_other_members_only() {
        let one = LocalBackplane::new();
        let other = one.join();
        let (mut to_one, mut to_other) = (one.subscribe(), other.subscribe());
        let (from_one, from_other) =
            (Invalidation::remove(Scope::key("one")), Invalidation::expire(Scope::key("other")));

        one.publish(&from_one).await.unwrap();
        other.publish(&from_other).await.unwrap();

        assert_eq!(to_one.next().await, Some(Signal::Invalidate(from_other)));
        assert_eq!(to_other.next().await, Some(Signal::Invalidate(from_one)));
    }

    #[tokio::test]
    async fn member_that_lags_receives_a_resync() {
        let one = LocalBackplane::new();
        let mut slow = one.join().subscribe();

        for _ in 0..=CAPACITY {
            one.publish(&Invalidation::remove(Scope::All)).await.unwrap();
        }

        assert_eq!(slow.next().await, Some(Signal::Resync));
    }
}
