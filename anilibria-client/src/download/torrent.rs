//! Downloads of torrent files.

use std::path::Path;

use super::{DownloadError, Downloads, output};
use crate::{model::TorrentRef, request::Arg};

impl Downloads {
    /// Saves the torrent file of a torrent at `path`. An existing file is replaced.
    ///
    /// The file is requested without a session and contains nothing personal.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Fetch`] if the file cannot be fetched, [`DownloadError::NotATorrent`] if the response is not a torrent
    /// file, and the error of the file system if the file cannot be written.
    ///
    /// ```no_run
    /// # async fn example(client: anilibria_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// for torrent in client.torrents().of_release(9000).await? {
    ///     client.download().torrent(torrent.id, torrent.file_name()).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn torrent(
        &self,
        torrent: impl Into<Arg<TorrentRef>>,
        path: impl AsRef<Path>,
    ) -> Result<(), DownloadError> {
        let request = self.client.torrents().file(torrent);
        let api_path = request.request().path().to_owned();
        let file = match request.await {
            Ok(file) => file,
            Err(source) => return Err(DownloadError::Fetch { path: api_path, source }),
        };
        // A bencoded dictionary begins with a "d" and ends with an "e".
        if !(file.starts_with(b"d") && file.ends_with(b"e")) {
            return Err(DownloadError::NotATorrent { path: api_path });
        }
        output::write_whole(path.as_ref(), &file).await
    }
}
