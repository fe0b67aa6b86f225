//! Conformance tests of the memory and disk stores.

mod memory {
    use anilibria_cache::{MemoryStore, store_conformance};

    #[expect(clippy::unused_async, reason = "most stores have to be waited for")]
    async fn store() -> MemoryStore {
        MemoryStore::new(64 * 1024 * 1024)
    }

    store_conformance!(store);
}

#[cfg(feature = "disk")]
mod disk {
    use anilibria_cache::{DiskStore, Store, conformance::with_guard, store_conformance};

    #[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    async fn store() -> impl Store {
        let folder = tempfile::tempdir().unwrap();
        with_guard(DiskStore::open(folder.path().join("cache.redb")).await.unwrap(), folder)
    }

    store_conformance!(store);
}
