//! A small map in a file.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use redb::{Database, Error as DatabaseError, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use tokio::task::spawn_blocking;

use super::MapChange;
use crate::{
    disk::{NAME, database},
    error::{Error, Result},
};

/// The only table of the file.
const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("map");

/// Maximum size of redb's page cache. The map is small and read once.
const CACHE_BYTES: usize = 1 << 20;

/// A small map in a separate file. A change is atomic, and is on disk when [`change`](Self::change) returns.
///
/// The map survives a process that is killed. A damaged file is renamed, with `.corrupt` added to its name, and an empty
/// map takes its place. No other process can open the file at the same time. Clones share the map.
///
/// The fencing token is kept in memory only: it protects against an earlier leader in the same process.
///
/// The number of fields is not limited.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> anilibria_cache::Result<()> {
/// # let folder = tempfile::tempdir().unwrap();
/// use anilibria_cache::coordination::{DiskMap, MapChange};
///
/// let map = DiskMap::open(folder.path().join("outbox.redb")).await?;
///
/// map.change(&MapChange::default().put("message:7", "hello").remove("message:6")).await?;
///
/// assert_eq!(map.entries().await?, [("message:7".to_owned(), "hello".into())]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DiskMap {
    path: Arc<Path>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// `None` after a failure, until the file is opened again.
    database: Option<Database>,
    /// Greatest fencing token seen.
    fencing_token: u64,
}

impl DiskMap {
    /// Opens the map in the file at `path`. Creates the file and its parent directories if they do not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the file cannot be opened or created.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let map = Self { path: path.into().into(), state: Arc::default() };
        map.on_database(|_, _| Ok(())).await?;
        Ok(map)
    }

    /// Returns all fields and their values, in ascending order of fields.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the file cannot be read or written.
    pub async fn entries(&self) -> Result<Vec<(String, Bytes)>> {
        self.on_database(|database, _| entries(database)).await
    }

    /// Applies `change` atomically. Returns false, and changes nothing, if a change with a greater fencing token was
    /// applied since the map was opened.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the file cannot be read or written.
    pub async fn change(&self, change: &MapChange) -> Result<bool> {
        let change = change.clone();
        self.on_database(move |database, greatest| {
            if change.fencing_token.is_some_and(|token| token < *greatest) {
                return Ok(false);
            }
            apply(database, &change)?;
            *greatest = change.fencing_token.unwrap_or(*greatest);
            Ok(true)
        })
        .await
    }

    /// Runs `work` on a thread that may block. After a failure, the next call opens, and so checks, the file again.
    async fn on_database<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database, &mut u64) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T> {
        let Self { path, state } = self.clone();
        let work = move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let State { database, fencing_token } = &mut *state;
            let opened = match database.take() {
                Some(database) => Ok(database),
                None => database::open(&path, CACHE_BYTES, prepare).map(|(database, ())| database),
            };
            let opened = opened.map_err(|error| Error::unavailable(NAME, error))?;
            let done = database::guarded(|| work(&opened, fencing_token));
            if done.is_ok() {
                *database = Some(opened);
            }
            done.map_err(|error| Error::unavailable(NAME, error))
        };
        spawn_blocking(work).await.unwrap_or_else(|error| Err(Error::unavailable(NAME, error)))
    }
}

impl fmt::Debug for DiskMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DiskMap").field(&self.path).finish()
    }
}

/// Creates the table if it is missing, and reads it once.
fn prepare(database: &Database) -> Result<(), DatabaseError> {
    let write = database.begin_write()?;
    write.open_table(TABLE)?;
    write.commit()?;
    // A table that cannot be read is damage, which is repaired only while the file is opened.
    entries(database).map(drop)
}

fn entries(database: &Database) -> Result<Vec<(String, Bytes)>, DatabaseError> {
    let table = database.begin_read()?.open_table(TABLE)?;
    let mut entries = Vec::new();
    for entry in table.iter()? {
        let (field, value) = entry?;
        entries.push((field.value().to_owned(), Bytes::copy_from_slice(value.value())));
    }
    Ok(entries)
}

fn apply(database: &Database, change: &MapChange) -> Result<(), DatabaseError> {
    let write = database.begin_write()?;
    if change.clears {
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
