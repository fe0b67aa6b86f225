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
    /// Only who closes or compacts the file locks it for writing: transactions, of which one at a time writes, share.
    database: RwLock<Option<Database>>,
}

impl DiskFile {
    /// Opens the file at `path`, and makes it, with the folders it lies in, if it is not there. A file that is damaged
    /// or something else is moved aside.
    pub(super) fn open(path: &Path, cache_bytes: usize) -> Result<(Self, Totals), OpenError> {
        let (database, totals) = open(path, cache_bytes, prepare)?;
        Ok((Self { path: path.to_owned(), cache_bytes, database: RwLock::new(Some(database)) }, totals))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` on the database. While it does, the file stays open.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Error> {
        self.shared().as_ref().map_or(Err(Error::DatabaseClosed), |database| guarded(|| work(database)))
    }

    pub(super) fn is_open(&self) -> bool {
        self.shared().is_some()
    }

    fn shared(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the file and opens it again, which checks it and takes back what was not flushed.
    ///
    /// `mend` is done to it before anybody else reads it.
    pub(super) fn reopen(
        &self,
        mend: impl FnOnce(&Database) -> Result<(), Error>,
    ) -> Result<Totals, OpenError> {
        let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
        drop(slot.take());
        let (database, _) = open(&self.path, self.cache_bytes, prepare)?;
        let totals = guarded(|| mend(&database).and_then(|()| prepare(&database)));
        let totals = totals.map_err(|source| OpenError { path: self.path.clone(), source })?;
        *slot = Some(database);
        Ok(totals)
    }

    /// How many bytes of the disk the file takes.
    pub(super) fn size(&self) -> io::Result<u64> {
        fs::metadata(&self.path).map(|file| size(&file))
    }

    /// Moves the contents together and gives the rest of the file back. Nobody can read meanwhile.
    pub(super) fn compact(&self) -> Result<(), Error> {
        let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = slot.as_mut() else {
            return Err(Error::DatabaseClosed);
        };
        guarded(|| Ok(database.compact()?)).map(drop)
    }

    /// Closes the file for good.
    pub(super) fn close(&self) {
        drop(self.database.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Makes the tables that are missing; says what is in them.
fn prepare(database: &Database) -> Result<Totals, Error> {
    let txn = database.begin_write()?;
    let totals = Tables::open(&txn)?.finish()?;
    txn.commit()?;
    // What no transaction can read, nobody else could either.
    database.begin_read()?.close()?;
    Ok(totals)
}

/// What the file takes of the disk. Its length says little: redb doubles that ahead of need, and the end stays a hole.
#[cfg(unix)]
fn size(file: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;

    file.blocks().saturating_mul(512)
}

/// The length stands in for what the file takes of the disk.
#[cfg(not(unix))]
fn size(file: &fs::Metadata) -> u64 {
    file.len()
}
