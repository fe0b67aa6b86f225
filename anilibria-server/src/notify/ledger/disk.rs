//! The ledger of a service that is alone.

use std::{fs, path::Path, sync::Arc};

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use tokio::task::spawn_blocking;

use super::{Change, Ledger};

/// The name of the file.
const FILE: &str = "notify.redb";

/// The one table of it.
const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("outbox");

/// The ledger of a service that is alone: a file, which no other process can open meanwhile. A change is on the disk when it
/// is made.
#[derive(Clone, Debug)]
pub struct DiskLedger {
    database: Arc<Database>,
}

impl DiskLedger {
    /// The ledger in `directory`.
    pub async fn open(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(FILE);
        let open = move || {
            if let Some(directory) = path.parent() {
                fs::create_dir_all(directory)?;
            }
            let database = Database::create(&path).with_context(|| path.display().to_string())?;
            Ok(Self { database: Arc::new(database) })
        };
        spawn_blocking(open).await?
    }
}

#[async_trait]
impl Ledger for DiskLedger {
    async fn entries(&self) -> anyhow::Result<Vec<(String, Bytes)>> {
        let database = Arc::clone(&self.database);
        spawn_blocking(move || entries(&database)).await?
    }

    async fn change(&self, change: Change, _token: u64) -> anyhow::Result<bool> {
        let database = Arc::clone(&self.database);
        spawn_blocking(move || apply(&database, &change)).await??;
        Ok(true)
    }
}

fn entries(database: &Database) -> anyhow::Result<Vec<(String, Bytes)>> {
    let read = database.begin_read()?;
    let table = match read.open_table(TABLE) {
        Ok(table) => table,
        // Nothing was ever written.
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut entries = Vec::new();
    for entry in table.iter()? {
        let (field, value) = entry?;
        entries.push((field.value().to_owned(), Bytes::copy_from_slice(value.value())));
    }
    Ok(entries)
}

fn apply(database: &Database, change: &Change) -> anyhow::Result<()> {
    let write = database.begin_write()?;
    if change.is_anew {
        write.delete_table(TABLE)?;
    }
    {
        let mut table = write.open_table(TABLE)?;
        for (field, value) in &change.put {
            table.insert(field.as_str(), &value[..])?;
        }
        for field in &change.removed {
            table.remove(field.as_str())?;
        }
    }
    Ok(write.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(field: &str, is_anew: bool) -> Change {
        Change { is_anew, put: vec![(field.to_owned(), Bytes::from("1"))], removed: Vec::new() }
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
        let fields = async || ledger.entries().await.unwrap().into_iter().map(|(field, _)| field);
        assert!(fields().await.eq(["b", "c"]));
        ledger.change(put("d", true), 0).await.unwrap();
        assert!(fields().await.eq(["d"]));
    }
}
