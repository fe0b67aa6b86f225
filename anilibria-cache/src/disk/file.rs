//! The file of the store: opening, compacting and closing it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use redb::{Database, Error, ReadableDatabase};

use super::{
    database::{OpenError, guarded, open},
    tables::{Tables, Totals},
};

/// A file that is open, or that could not be opened again after a failure.
pub(super) struct DiskFile {
    path: PathBuf,
    cache_bytes: usize,
    /// Locked for writing only to close or compact the file. Transactions share the lock, also the one that writes.
    database: RwLock<Option<Database>>,
}

impl DiskFile {
    /// Opens the file at `path`. Creates the file and its parent directories if they do not exist. Renames a file that is
    /// damaged or foreign.
    pub(super) fn open(path: &Path, cache_bytes: usize) -> Result<(Self, Totals), OpenError> {
        let (database, totals) = open(path, cache_bytes, prepare)?;
        Ok((Self { path: path.to_owned(), cache_bytes, database: RwLock::new(Some(database)) }, totals))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` on the database. The file is not closed meanwhile.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Error> {
        self.shared().as_ref().map_or(Err(Error::DatabaseClosed), |database| guarded(|| work(database)))
    }

    pub(super) fn is_open(&self) -> bool {
        self.shared().is_some()
    }

    fn shared(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the file and opens it again. This checks the file and reverts the changes that were not flushed.
    ///
    /// Runs `repair` on the database before others can read it.
    pub(super) fn reopen(
        &self,
        repair: impl FnOnce(&Database) -> Result<(), Error>,
    ) -> Result<Totals, OpenError> {
        let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
        drop(slot.take());
        let (database, _) = open(&self.path, self.cache_bytes, prepare)?;
        let totals = guarded(|| repair(&database).and_then(|()| prepare(&database)));
        let totals = totals.map_err(|source| OpenError { path: self.path.clone(), source })?;
        *slot = Some(database);
        Ok(totals)
    }

    /// Returns the size of the file on disk.
    pub(super) fn size(&self) -> io::Result<u64> {
        fs::metadata(&self.path).map(|file| size(&file))
    }

    /// Compacts the file. Reads wait meanwhile.
    pub(super) fn compact(&self) -> Result<(), Error> {
        let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = slot.as_mut() else {
            return Err(Error::DatabaseClosed);
        };
        guarded(|| Ok(database.compact()?)).map(drop)
    }

    /// Closes the file.
    pub(super) fn close(&self) {
        drop(self.database.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Creates the tables that do not exist. Returns the totals.
fn prepare(database: &Database) -> Result<Totals, Error> {
    let txn = database.begin_write()?;
    let totals = Tables::open(&txn)?.finish()?;
    txn.commit()?;
    // Fails early if a read transaction cannot begin.
    database.begin_read()?.close()?;
    Ok(totals)
}

/// Returns the size on disk. It can be much less than the length, which redb doubles in advance, leaving a hole.
#[cfg(unix)]
fn size(file: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;

    file.blocks().saturating_mul(512)
}

/// Returns the length, as the size on disk is unknown.
#[cfg(not(unix))]
fn size(file: &fs::Metadata) -> u64 {
    file.len()
}
