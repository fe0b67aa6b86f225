//! The outbox store of a single instance.

use std::path::Path;

use anilibria_cache::coordination::DiskMap;
use async_trait::async_trait;
use bytes::Bytes;

use super::{OutboxStore, StoreChange};

/// File name of the store.
const FILE: &str = "notify.redb";

/// Outbox store of a single instance: a file that only one process can open at a time. A change is on disk when the call
/// returns. A damaged file is renamed, and a new one is created.
#[derive(Clone, Debug)]
pub struct DiskOutboxStore {
    map: DiskMap,
}

impl DiskOutboxStore {
    /// Opens the store in `directory`.
    pub async fn open(directory: &Path) -> anyhow::Result<Self> {
        Ok(Self { map: DiskMap::open(directory.join(FILE)).await? })
    }
}

#[async_trait]
impl OutboxStore for DiskOutboxStore {
    async fn entries(&self) -> anyhow::Result<Vec<(String, Bytes)>> {
        Ok(self.map.entries().await?)
    }

    async fn change(&self, change: StoreChange, _token: u64) -> anyhow::Result<bool> {
        Ok(self.map.change(&change.into()).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(field: &str, clear: bool) -> StoreChange {
        StoreChange { clear, put: vec![(field.to_owned(), Bytes::from("1"))], removed: Vec::new() }
    }

    async fn fields(store: &DiskOutboxStore) -> Vec<String> {
        store.entries().await.unwrap().into_iter().map(|(field, _)| field).collect()
    }

    #[tokio::test]
    async fn fields_survive_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let store = DiskOutboxStore::open(directory.path()).await.unwrap();
        assert!(store.entries().await.unwrap().is_empty());

        for change in
            [put("a", false), put("b", false), StoreChange { removed: vec!["a".into()], ..put("c", false) }]
        {
            assert!(store.change(change, 0).await.unwrap());
        }
        assert!(
            DiskOutboxStore::open(directory.path()).await.is_err(),
            "a second process must not open the outbox"
        );
        drop(store);

        let store = DiskOutboxStore::open(directory.path()).await.unwrap();
        assert_eq!(fields(&store).await, ["b", "c"]);
        store.change(put("d", true), 0).await.unwrap();
        assert_eq!(fields(&store).await, ["d"]);
    }

    #[tokio::test]
    async fn damaged_file_is_renamed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        fs::write(&path, "nonsense").unwrap();

        let store = DiskOutboxStore::open(directory.path()).await.unwrap();
        assert!(store.change(put("a", false), 0).await.unwrap());

        assert_eq!(fields(&store).await, ["a"]);
        assert_eq!(fs::read(path.with_extension("redb.corrupt")).unwrap(), b"nonsense");
    }
}
