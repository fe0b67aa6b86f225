//! A token in a file.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::{store::TokenStore, token::Token};
use crate::error::BoxError;

/// A token store that stores the token in a file. On Unix only the owner may read the file; on other systems the permissions of
/// the directory apply.
///
/// ```
/// use anilibria_client::{Client, session::FileTokenStore};
///
/// let client = Client::builder().token_store(FileTokenStore::new("/var/lib/bot/anilibria.token")).build()?;
/// # Ok::<_, anilibria_client::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileTokenStore {
    path: PathBuf,
}

impl FileTokenStore {
    /// Creates a store in the file at `path`. The directory must exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, BoxError> {
        let path = self.path.clone();
        Ok(spawn_blocking(move || work(&path)).await??)
    }
}

#[async_trait]
impl TokenStore for FileTokenStore {
    async fn load(&self) -> Result<Option<Token>, BoxError> {
        let text = self.blocking(|path| match std::fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            text => text,
        });
        let text = text.await?;
        let text = text.trim();
        Ok((!text.is_empty()).then(|| Token::from(text)))
    }

    async fn save(&self, token: &Token) -> Result<(), BoxError> {
        let token = token.clone();
        self.blocking(move |path| replace(path, token.expose())).await
    }

    async fn clear(&self) -> Result<(), BoxError> {
        self.blocking(|path| match std::fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        })
        .await
    }
}

/// Writes a new file beside the old one and renames it, so that a crash leaves either the old or the new file complete.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    // A file left by a crash may have other permissions.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}
