//! Torrents.

use crate::{
    model::{ReleaseId, Torrent, TorrentRef, wire::OneOrMany},
    page::Page,
};

group! {
    /// Torrents.
    Torrents, torrents
}

endpoint! {
    /// All torrents, the last updated first, each with its release.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let page = client.torrents().list().limit(5).await?;
    /// assert!(page.items.iter().all(|torrent| torrent.release.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/torrents" => Torrents::list() -> Page<Torrent>;
    pub struct ListTorrents: Fields, Paged<Torrent> {}
}

endpoint! {
    /// One torrent by id or info hash, with its release.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let hash = client.torrents().list().limit(1).await?.items[0].hash;
    ///
    /// let torrent = client.torrents().get(hash).await?;
    /// assert_eq!(torrent.hash, hash);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/torrents/{torrent}" => Torrents::get(torrent: TorrentRef) -> Torrent;
    pub struct GetTorrent: Fields {}
}

endpoint! {
    /// The torrents of a release.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let torrents = client.torrents().of_release(1).await?;
    /// assert!(torrents.iter().all(|torrent| torrent.magnet.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/torrents/release/{release}" => Torrents::of_release(release: ReleaseId)
        -> Vec<Torrent> as OneOrMany<Torrent>;
    pub struct TorrentsOfRelease: Fields {}
}
