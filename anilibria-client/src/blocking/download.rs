//! Downloads that block the thread until the file is complete.

use std::path::Path;

use super::Runtime;
use crate::{
    Error,
    download::{DownloadEpisode, DownloadError, Downloaded, Downloads},
    model::TorrentRef,
    request::Arg,
};

impl DownloadEpisode<Runtime> {
    /// Downloads to `path`, as [`to_file`](DownloadEpisode::to_file) of the async client does.
    ///
    /// The callback of [`progress`](Self::progress) runs on the thread of the client, where blocking calls are refused.
    ///
    /// # Errors
    ///
    /// The [errors](DownloadError) of the async method.
    pub fn to_file(self, path: impl AsRef<Path>) -> Result<Downloaded, DownloadError> {
        let (download, runtime) = self.into_parts();
        let path = path.as_ref().to_owned();
        let target = path.display().to_string();
        let downloaded = runtime.block_on(async move { download.to_file(path).await });
        downloaded.map_err(|error| failed(target, error))?
    }
}

impl Downloads<Runtime> {
    /// Saves the torrent file of a torrent at `path`, as [`torrent`](Downloads::torrent) of the async client does.
    ///
    /// # Errors
    ///
    /// The [errors](DownloadError) of the async method.
    pub fn torrent(
        &self,
        torrent: impl Into<Arg<TorrentRef>>,
        path: impl AsRef<Path>,
    ) -> Result<(), DownloadError> {
        let (downloads, runtime) = self.parts();
        let (torrent, path) = (torrent.into(), path.as_ref().to_owned());
        let target = path.display().to_string();
        let saved = runtime.block_on(async move { downloads.torrent(torrent, path).await });
        saved.map_err(|error| failed(target, error))?
    }
}

fn failed(path: String, source: Error) -> DownloadError {
    DownloadError::Fetch { path, source }
}
