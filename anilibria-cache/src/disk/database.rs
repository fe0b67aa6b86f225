//! Opening a redb database that may be damaged.

use std::{
    ffi::OsString,
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use redb::{Builder, Database, Error, StorageError};

/// The error of a file that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open `{}`", path.display())]
pub(crate) struct OpenError {
    pub(super) path: PathBuf,
    pub(super) source: Error,
}

/// Runs `work` and turns a panic into an error. redb may panic if a file is damaged.
pub(crate) fn guarded<T, E: From<StorageError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        Err(StorageError::Corrupted(text.to_owned()).into())
    })
}

/// Opens and checks the file at `path` and runs `prepare` on it. Renames a damaged file and starts with an empty one.
pub(crate) fn open<T>(
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

    let renamed = damaged_path(path);
    tracing::warn!(path = %path.display(), renamed = %renamed.display(), %error, "the file is damaged, starting empty");
    fs::rename(path, renamed).map_err(|error| named(error.into()))?;
    try_open(path, cache_bytes, &prepare).map_err(named)
}

/// Returns the path that a damaged file is moved to. A file that is already there is replaced.
fn damaged_path(path: &Path) -> PathBuf {
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
        // Without the check, redb trusts a file that was closed properly, and a later read meets the damage.
        builder.set_cache_size(cache_bytes).set_check_integrity_on_open(true);
        let database = builder.create(path)?;
        let prepared = prepare(&database)?;
        Ok((database, prepared))
    })
}

/// True if `error` means that the contents of the file are damaged; false if the file cannot be accessed.
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
