//! Stores that keep a server or a folder alive.

use std::{sync::Arc, time::SystemTime};

use async_trait::async_trait;

use crate::{entry::Entry, error::Result, invalidation::Invalidation, stats::StoreStats, store::Store};

/// Returns `store` together with `guard`, which is dropped after the store: the server or the folder of a test.
///
/// ```
/// # use anilibria_cache::{MemoryStore, Store, conformance::with_guard};
/// async fn store() -> impl Store {
///     let folder = String::from("a folder that is deleted when it is dropped");
///     with_guard(MemoryStore::new(64 * 1024 * 1024), folder)
/// }
/// ```
pub fn with_guard<S: Store>(store: S, guard: impl Send + Sync + 'static) -> impl Store {
    Guarded { store, _guard: guard }
}

/// Fields are dropped in the order of their declaration.
struct Guarded<S, G> {
    store: S,
    _guard: G,
}

#[async_trait]
impl<S: Store, G: Send + Sync + 'static> Store for Guarded<S, G> {
    fn name(&self) -> &'static str {
        self.store.name()
    }

    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    fn get_now(&self, key: &str, now: SystemTime) -> Option<Entry> {
        self.store.get_now(key, now)
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        self.store.get(key, now).await
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        self.store.set(key, entry, now).await
    }

    async fn get_many(&self, keys: &[&str], now: SystemTime) -> Result<Vec<Option<Entry>>> {
        self.store.get_many(keys, now).await
    }

    async fn set_many(&self, entries: Vec<(Arc<str>, Entry)>, now: SystemTime) -> Result<()> {
        self.store.set_many(entries, now).await
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        self.store.invalidate(invalidation, now).await
    }

    async fn ping(&self) -> Result<()> {
        self.store.ping().await
    }

    async fn stats(&self) -> Result<StoreStats> {
        self.store.stats().await
    }
}
