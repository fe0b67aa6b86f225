//! Files that other processes read while they are replaced.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _, Write as _},
    path::Path,
    process,
};

use anyhow::{Context as _, ensure};

/// Maximum size of a file in bytes. A larger file is probably the wrong one.
const MAX_BYTES: u64 = 1 << 20;

/// Returns the contents of the file at `path`; `None` if it does not exist.
pub(super) fn read(path: &Path) -> anyhow::Result<Option<String>> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text));
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => {
            let length = read.with_context(|| format!("cannot read {}", path.display()))?;
            ensure!(length as u64 <= MAX_BYTES, "{} is larger than 1 MiB", path.display());
            Ok(Some(text))
        }
    }
}

/// Replaces the contents of the file at `path` with `text`, atomically. The permissions of the file stay the same.
pub(super) fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let name = path.file_name().with_context(|| format!("{} is not a file", path.display()))?;
    let mut new = name.to_owned();
    new.push(format!(".{}.new", process::id()));
    let new = path.with_file_name(new);
    let written = (|| {
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        if let Ok(old) = fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&new, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}
