//! The catalog as a file on disk.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anilibria_client::reflector::Catalog;
use anyhow::Context as _;
use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::CatalogStore;

/// Name of the file. The file contains its format version and a checksum.
const FILE: &str = "catalogue.bin";

/// Store of the catalog in a file, which is replaced atomically.
#[derive(Clone, Debug)]
pub struct DiskCatalog {
    path: PathBuf,
    /// Lock that is held while the file is written. A write continues after its caller was dropped.
    writing: Arc<Mutex<()>>,
}

impl DiskCatalog {
    /// Creates a store in `directory`. The directory is created by the first write.
    pub fn at(directory: &Path) -> Self {
        Self { path: directory.join(FILE), writing: Arc::default() }
    }
}

#[async_trait]
impl CatalogStore for DiskCatalog {
    async fn read(&self) -> anyhow::Result<Option<Catalog>> {
        let path = self.path.clone();
        spawn_blocking(move || read(&path)).await?
    }

    async fn write(&self, catalog: Arc<Catalog>) -> anyhow::Result<()> {
        let (path, writing) = (self.path.clone(), Arc::clone(&self.writing));
        let write = move || {
            let _one_at_a_time = writing.lock().unwrap_or_else(PoisonError::into_inner);
            write(&path, &catalog.to_bytes())
        };
        spawn_blocking(write).await?
    }
}

fn read(path: &Path) -> anyhow::Result<Option<Catalog>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let catalog = Catalog::from_bytes(&bytes).with_context(|| path.display().to_string())?;
    Ok(Some(catalog))
}

/// Writes a temporary file and renames it to `path`, so that a crash leaves the old file.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    }
    // The process id keeps two services that share the directory from writing the same temporary file.
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = File::create(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    written.inspect_err(|_| drop(fs::remove_file(&draft))).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use anilibria_client::model::Release;
    use serde_json::json;

    use super::*;

    fn catalog() -> Arc<Catalog> {
        let release: Release = serde_json::from_value(json!({"id": 7, "name": {"main": "Имя"}})).unwrap();
        Arc::new([release].into_iter().collect())
    }

    #[tokio::test]
    async fn written_catalog_is_read_by_the_next_process() {
        let directory = tempfile::tempdir().unwrap();
        let store = DiskCatalog::at(&directory.path().join("new"));
        assert!(store.read().await.unwrap().is_none());

        store.write(catalog()).await.unwrap();

        let read = store.read().await.unwrap().unwrap();
        assert_eq!(read.get(7), catalog().get(7));
        assert_eq!(fs::read_dir(directory.path().join("new")).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn damaged_file_is_rejected_and_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let store = DiskCatalog::at(directory.path());
        store.write(catalog()).await.unwrap();
        let path = directory.path().join(FILE);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();

        assert!(store.read().await.is_err());
        store.write(catalog()).await.unwrap();

        assert_eq!(store.read().await.unwrap().unwrap().len(), 1);
    }
}
