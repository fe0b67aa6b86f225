//! A small map in a file, for what a service has to know after a restart.

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
    Error, Result,
    disk::{NAME, database},
};

/// The one table of the file.
const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("map");

/// What the database may keep in memory: the map is small, and read once.
const CACHE_BYTES: usize = 1 << 20;

/// A small map in a file of its own: its fields are changed several in one step, which is on the disk when it is made.
///
/// What is in it survives a process that is killed. A file that is damaged is renamed, with `.corrupt` added to its name,
/// and a new one begun. No other process can open it meanwhile. Clones are the same map.
///
/// It has no limit of its own; whoever keeps it sees to that.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> anilibria_cache::Result<()> {
/// # let folder = tempdatabase::tempdir().unwrap();
/// use anilibria_cache::coordination::{DiskMap, MapChange};
///
/// let map = DiskMap::open(folder.path().join("outbox.redb")).await?;
///
/// map.change(&MapChange::default().put("letter:7", "hello").remove("letter:6")).await?;
///
/// assert_eq!(map.entries().await?, [("letter:7".to_owned(), "hello".into())]);
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
    /// `None` after a failure, when it is to be opened anew.
    database: Option<Database>,
    /// The greatest token that was used.
    token: u64,
}

impl DiskMap {
    /// The map in the file at `path`, which is made, with the folders it lies in, if it is not there.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let map = Self { path: path.into().into(), state: Arc::default() };
        map.on_database(|_, _| Ok(())).await?;
        Ok(map)
    }

    /// All fields and their values, in the order of fields.
    pub async fn entries(&self) -> Result<Vec<(String, Bytes)>> {
        self.on_database(|database, _| entries(database)).await
    }

    /// Makes `change`, all of it or nothing; `false` when somebody with a greater token has changed the map since it was
    /// opened.
    pub async fn change(&self, change: &MapChange) -> Result<bool> {
        let change = change.clone();
        self.on_database(move |database, greatest| {
            if change.token.is_some_and(|token| token < *greatest) {
                return Ok(false);
            }
            apply(database, &change)?;
            *greatest = change.token.unwrap_or(*greatest);
            Ok(true)
        })
        .await
    }

    /// Runs `work` where it may wait for the disk. After a failure, the next call opens the file anew, which checks it.
    async fn on_database<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database, &mut u64) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T> {
        let Self { path, state } = self.clone();
        let work = move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let State { database, token } = &mut *state;
            let opened = match database.take() {
                Some(database) => Ok(database),
                None => database::open(&path, CACHE_BYTES, prepare).map(|(database, ())| database),
            };
            let opened = opened.map_err(|error| Error::unavailable(NAME, error))?;
            let done = database::guarded(|| work(&opened, token));
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

/// Makes the table if it is missing.
fn prepare(database: &Database) -> Result<(), DatabaseError> {
    let write = database.begin_write()?;
    write.open_table(TABLE)?;
    write.commit()?;
    // What no transaction can read, nobody else could either.
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
