//! The promise that every place of entries makes.

use std::time::SystemTime;

use async_trait::async_trait;

use crate::{Entry, Pattern, Result, StoreStats, Tag};

/// A place that keeps entries: one level of a cache.
///
/// A store keeps bytes with two deadlines and holds no policy: what to load, how long a value lives and what
/// to do when a level fails is decided above it. Expiry is asked about a `now` that the caller gives, so a
/// store needs no clock; one that removes expired entries by itself starts from [`Entry::keep_for`].
///
/// An operation has taken effect when its call returns. A store may drop any entry at any time; it may never
/// bring one back.
///
/// To write a store, implement this trait with [`macro@async_trait::async_trait`];
/// [`MemoryStore`](crate::MemoryStore) is an example in a few dozen lines.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Name for logs, metrics and errors, for instance `memory`.
    fn name(&self) -> &'static str;

    /// The entry under `key`, fresh or stale, if the store can tell without waiting.
    ///
    /// `None` may also mean that it cannot tell; then [`get`](Self::get) can. The default is `None`. A store
    /// in the memory of the process should answer here: it spares each hit a boxed future.
    fn get_now(&self, key: &str, now: SystemTime) -> Option<Entry> {
        let _ = (key, now);
        None
    }

    /// The entry under `key`, fresh or stale. One that has expired at `now` reads as absent.
    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>>;

    /// Puts `entry` under `key`, replacing what was there. One that has expired at `now` leaves nothing
    /// there.
    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()>;

    /// Drops `key`. An absent key is not an error.
    async fn remove(&self, key: &str) -> Result<()>;

    /// Drops every entry that carries `tag`, and says how many those were.
    async fn remove_by_tag(&self, tag: &Tag) -> Result<u64>;

    /// Drops every entry whose key matches `pattern`, and says how many those were. May look at every key.
    async fn clear_matching(&self, pattern: &Pattern) -> Result<u64>;

    /// Drops everything this store keeps for the cache, and nothing else.
    async fn clear(&self) -> Result<()>;

    /// Whether the store can be reached and would answer.
    async fn ping(&self) -> Result<()>;

    /// How much the store keeps at the moment.
    async fn stats(&self) -> Result<StoreStats>;
}
