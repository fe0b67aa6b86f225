//! Every store of this crate is put to the tests that all stores share.

mod memory {
    use anilibria_cache::{MemoryStore, store_conformance};

    async fn store() -> MemoryStore {
        MemoryStore::new(64 * 1024 * 1024)
    }

    store_conformance!(store);
}
