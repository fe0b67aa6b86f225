//! The trait of all stores.

use std::{sync::Arc, time::SystemTime};

use async_trait::async_trait;
use futures::future;

use crate::{
    entry::Entry,
    error::{Error, Result},
    invalidation::Invalidation,
    stats::StoreStats,
};

/// A storage of entries: one level of a cache.
///
/// A store keeps bytes with their lifetime and has no policy. The cache decides what to load, how long a value lives,
/// and what to do when a level fails. Each operation receives the current time as `now`, so a store needs no clock. A
/// store that removes expired entries by itself can use [`Entry::keep_for`](crate::Entry::keep_for).
///
/// An operation has taken effect when its call returns. A store may drop an entry at any time, but a dropped entry must
/// not come back. If the future of a call is dropped, the operation may or may not take effect.
///
/// To write a store, implement this trait with [`macro@async_trait::async_trait`]; [`MemoryStore`](crate::MemoryStore)
/// is an example. The feature `conformance` contains the tests that each store should pass.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Returns the name for logs, metrics and errors, for instance `memory`.
    fn name(&self) -> &'static str;

    /// Returns the host and port of the server behind the store, without credentials, for logs. Default: none.
    fn host(&self) -> Option<String> {
        None
    }

    /// Returns true if other processes read and write the same entries. An invalidation in a shared store holds for all
    /// instances. For other stores, the [backplane](crate::Backplane) carries it to the other instances. Default:
    /// false.
    fn is_shared(&self) -> bool {
        false
    }

    /// Returns the entry under `key`, fresh or stale, if the store has it without waiting.
    ///
    /// Returns `None` also if the store would have to wait; then [`get`](Self::get) is called. Default: `None`. A store
    /// in memory should implement this method, which saves a boxed future for each hit.
    fn get_now(&self, key: &str, now: SystemTime) -> Option<Entry> {
        let _ = (key, now);
        None
    }

    /// Returns the entry under `key`, fresh or stale. Returns `None` if the entry is expired at `now`.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`](crate::Error::Corrupt) if the entry is damaged or was written by another program;
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the store does not answer.
    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>>;

    /// Returns the entries under `keys`, in the same order. A key whose entry is damaged reads as absent.
    ///
    /// The default calls [`get`](Self::get) for all keys concurrently. A store behind a network should need one round
    /// trip.
    ///
    /// # Errors
    ///
    /// The store could not be asked for at least one of the keys.
    async fn get_many(&self, keys: &[&str], now: SystemTime) -> Result<Vec<Option<Entry>>> {
        future::try_join_all(keys.iter().map(async |key| match self.get(key, now).await {
            Err(Error::Corrupt { .. }) => Ok(None),
            result => result,
        }))
        .await
    }

    /// Stores each entry under its key, as [`set`](Self::set) does.
    ///
    /// The default calls `set` for all entries concurrently. A store behind a network should need one round trip.
    ///
    /// # Errors
    ///
    /// At least one entry was not stored. The others may have been.
    async fn set_many(&self, entries: Vec<(Arc<str>, Entry)>, now: SystemTime) -> Result<()> {
        future::try_join_all(entries.into_iter().map(async |(key, entry)| self.set(&key, entry, now).await))
            .await?;
        Ok(())
    }

    /// Stores `entry` under `key` and replaces the previous entry. If `entry` is expired at `now`, no entry is left
    /// under `key`.
    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()>;

    /// Removes or [expires](crate::Lifetime::expire) the entries that `invalidation` covers, and no others. Returns the
    /// number of entries that the store visited. A store that invalidates a tag without visiting its entries returns 0.
    ///
    /// May scan all keys if the scope is a pattern. Entries that were not written through this store are not changed,
    /// not even by [`Scope::All`](crate::Scope::All).
    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64>;

    /// Checks that the store can be reached and answers.
    ///
    /// A change that failed or was dropped may still take effect later. After a successful ping, no change that the
    /// store knows to be in progress takes effect any more.
    async fn ping(&self) -> Result<()>;

    /// Returns the current statistics of the store.
    async fn stats(&self) -> Result<StoreStats>;
}
