//! The file of the store: opening it whatever state it is in, keeping it small, and closing it.

use std::{
    ffi::OsString,
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use redb::{Builder, Database, Error, ReadableDatabase, StorageError};

use super::tables::{Tables, Totals};

/// A file that is open, or that could not be opened again after a failure.
pub(super) struct DiskFile {
    path: PathBuf,
    cache_bytes: usize,
    /// Only who closes or compacts the file locks it for writing: transactions, of which one at a time writes, share.
    database: RwLock<Option<Database>>,
}

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open `{}`", path.display())]
pub(super) struct OpenError {
    path: PathBuf,
    source: Error,
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

/// Runs `work`; if it panics, which redb may do where a file is damaged, that is an error too.
pub(super) fn guarded<T, E: From<StorageError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        Err(StorageError::Corrupted(text.to_owned()).into())
    })
}

/// Opens the file at `path`, checks it, and does to it what `prepare` says; one that is damaged is moved aside first.
pub(super) fn open<T>(
    path: &Path,
    cache_bytes: usize,
    prepare: impl Fn(&Database) -> Result<T, Error>,
) -> Result<(Database, T), OpenError> {
    let named = |source| OpenError { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| named(error.into()))?;
    }
    let error = match try_open(path, cache_bytes, &prepare) {
        Err(error) if is_damage(&error) => error,
        other => return other.map_err(named),
    };

    let aside = aside(path);
    tracing::warn!(path = %path.display(), aside = %aside.display(), %error, "the file is damaged, starting empty");
    fs::rename(path, aside).map_err(|error| named(error.into()))?;
    try_open(path, cache_bytes, &prepare).map_err(named)
}

/// Where a damaged file goes, for whoever wants to look into it. There is room for one.
fn aside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".corrupt");
    name.into()
}

fn try_open<T>(
    path: &Path,
    cache_bytes: usize,
    prepare: impl Fn(&Database) -> Result<T, Error>,
) -> Result<(Database, T), Error> {
    guarded(|| {
        let mut builder = Builder::new();
        // Without the check, redb trusts a file that was closed in order, and damage shows up at some later read.
        builder.set_cache_size(cache_bytes).set_check_integrity_on_open(true);
        let database = builder.create(path)?;
        let prepared = prepare(&database)?;
        Ok((database, prepared))
    })
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

/// Whether `error` says that the contents of the file are of no use, rather than that it could not be got at.
fn is_damage(error: &Error) -> bool {
    match error {
        Error::Corrupted(_)
        | Error::UpgradeRequired(_)
        | Error::RepairAborted
        | Error::TableTypeMismatch { .. }
        | Error::TableIsMultimap(_)
        | Error::TypeDefinitionChanged { .. } => true,
        Error::Io(error) => {
            matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
        }
        _ => false,
    }
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
