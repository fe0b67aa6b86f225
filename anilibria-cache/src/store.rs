//! The promise that every place of entries makes.

use std::time::SystemTime;

use async_trait::async_trait;

use crate::{entry::Entry, error::Result, invalidation::Invalidation, stats::StoreStats};

/// A place that keeps entries: one level of a cache.
///
/// A store keeps bytes with their lifetime and holds no policy: what to load, how long a value lives and what to do
/// when a level fails is decided above it. Expiry is asked about a `now` that the caller gives, so a store needs no
/// clock; one that removes expired entries by itself starts from [`Lifetime::keep_for`](crate::Lifetime::keep_for).
///
/// An operation has taken effect when its call returns. A store may drop any entry at any time; it may never bring one
/// back. A call may be dropped before it is done, which leaves it undecided whether it takes effect.
///
/// To write a store, implement this trait with [`macro@async_trait::async_trait`]; [`MemoryStore`](crate::MemoryStore)
/// is an example. The feature `conformance` has the tests that it should pass.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Name for logs, metrics and errors, for instance `memory`.
    fn name(&self) -> &'static str;

    /// Whether other processes read and write the same entries. What one of them invalidates in a shared store is
    /// invalid for all; what it invalidates in its own, the others have to be [told](crate::Backplane). Default: no.
    fn is_shared(&self) -> bool {
        false
    }

    /// The entry under `key`, fresh or stale, if the store can tell without waiting.
    ///
    /// `None` may also mean that it cannot tell; then [`get`](Self::get) can. The default is `None`. A store in the
    /// memory of the process should answer here: it spares each hit a boxed future.
    fn get_now(&self, key: &str, now: SystemTime) -> Option<Entry> {
        let _ = (key, now);
        None
    }

    /// The entry under `key`, fresh or stale. One that has expired at `now` reads as absent.
    ///
    /// What cannot be read, because it is damaged or was written by something else, is
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>>;

    /// Puts `entry` under `key`, replacing what was there. One that has expired at `now` leaves nothing there.
    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()>;

    /// Drops or [expires](crate::Lifetime::expire) what `invalidation` is about, and nothing else; says how many
    /// entries those were. May look at every key when it is about a pattern.
    ///
    /// What was not written through this store is never touched, not even by [`Scope::All`](crate::Scope::All).
    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64>;

    /// Whether the store can be reached and would answer.
    ///
    /// A change that failed or was dropped may still take effect late. Once this succeeds, none does that the store knows
    /// to be under way.
    async fn ping(&self) -> Result<()>;

    /// How much the store keeps at the moment.
    async fn stats(&self) -> Result<StoreStats>;
}
