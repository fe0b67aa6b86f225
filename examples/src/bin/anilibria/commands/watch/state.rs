//! The state of a watcher in a file.

use std::{io, path::Path};

use anilibria_client::watch::Cursor;
use anyhow::{Context as _, ensure};
use tokio::{
    fs::{self, File},
    io::AsyncReadExt as _,
};

/// Maximum size of a state in bytes. A thousand releases take about 100 KiB.
const MAX_SIZE: u64 = 4 << 20;

/// Reads the state; `None` if there is no file.
pub(super) async fn load(path: &Path) -> anyhow::Result<Option<Cursor>> {
    let in_file = || format!("cannot read the state `{}`", path.display());
    let file = match File::open(path).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.with_context(in_file)?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_SIZE + 1).read_to_end(&mut bytes).await.with_context(in_file)?;
    ensure!(bytes.len() as u64 <= MAX_SIZE, "the state `{}` has more than {MAX_SIZE} bytes", path.display());
    Cursor::from_bytes(&bytes).map(Some).with_context(in_file)
}

/// Replaces the state in one step, so that a crash leaves the old one or the new one.
pub(super) async fn save(path: &Path, cursor: &Cursor) -> anyhow::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let written = async {
        fs::write(&beside, cursor.to_bytes()).await?;
        fs::rename(&beside, path).await
    };
    written.await.with_context(|| format!("cannot write the state `{}`", path.display()))
}
