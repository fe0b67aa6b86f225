//! The ledger of a single instance.

use std::path::Path;

use anilibria_cache::coordination::DiskMap;
use async_trait::async_trait;
use bytes::Bytes;

use super::{Change, Ledger};

/// File name of the ledger.
const FILE: &str = "notify.redb";

/// Ledger of a single instance: a file that no other process can open at the same time. A change is on disk when the call
/// returns. A damaged file is renamed, and a new one is created.
#[derive(Clone, Debug)]
pub struct DiskLedger {
    map: DiskMap,
}

impl DiskLedger {
    /// Opens the ledger in `directory`.
    pub async fn open(directory: &Path) -> anyhow::Result<Self> {
        Ok(Self { map: DiskMap::open(directory.join(FILE)).await? })
    }
}

#[async_trait]
impl Ledger for DiskLedger {
    async fn entries(&self) -> anyhow::Result<Vec<(String, Bytes)>> {
        Ok(self.map.entries().await?)
    }

    async fn change(&self, change: Change, _token: u64) -> anyhow::Result<bool> {
        Ok(self.map.change(&change.into()).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(field: &str, is_anew: bool) -> Change {
        Change { is_anew, put: vec![(field.to_owned(), Bytes::from("1"))], removed: Vec::new() }
    }

    async fn fields(ledger: &DiskLedger) -> Vec<String> {
        ledger.entries().await.unwrap().into_iter().map(|(field, _)| field).collect()
    }

    #[tokio::test]
    async fn what_is_written_is_there_for_the_next_process() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = DiskLedger::open(directory.path()).await.unwrap();
        assert!(ledger.entries().await.unwrap().is_empty());

        for change in
            [put("a", false), put("b", false), Change { removed: vec!["a".into()], ..put("c", false) }]
        {
            assert!(ledger.change(change, 0).await.unwrap());
        }
        assert!(
            DiskLedger::open(directory.path()).await.is_err(),
            "two processes would have the same outbox"
        );
        drop(ledger);

        let ledger = DiskLedger::open(directory.path()).await.unwrap();
        assert_eq!(fields(&ledger).await, ["b", "c"]);
        ledger.change(put("d", true), 0).await.unwrap();
        assert_eq!(fields(&ledger).await, ["d"]);
    }

    #[tokio::test]
    async fn damaged_file_is_set_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        fs::write(&path, "nonsense").unwrap();

        let ledger = DiskLedger::open(directory.path()).await.unwrap();
        assert!(ledger.change(put("a", false), 0).await.unwrap());

        assert_eq!(fields(&ledger).await, ["a"]);
        assert_eq!(fs::read(path.with_extension("redb.corrupt")).unwrap(), b"nonsense");
    }
}
