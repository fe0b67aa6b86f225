//! Torrent files to disk.

use std::path::Path;

use super::{DownloadError, Downloads, output};
use crate::model::TorrentRef;

impl Downloads {
    /// Puts the torrent file of a torrent under `path`, which is replaced if it exists.
    ///
    /// The file is that of an anonymous visitor; nothing personal gets into it.
    ///
    /// ```no_run
    /// # async fn example(client: anilibria_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// for torrent in client.torrents().of_release(9000).await? {
    ///     let name = format!("{}.torrent", torrent.id);
    ///     client.download().torrent(torrent.id, &name).await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn torrent(
        &self,
        torrent: impl Into<TorrentRef>,
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
