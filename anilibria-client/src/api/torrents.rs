//! Torrents.

use bytes::Bytes;

use crate::{
    Secret,
    call::{Call, Paged, Projected},
    model::{ReleaseId, Torrent, TorrentRef},
    page::Page,
    request::{Arg, Number},
};

group! {
    /// Torrents.
    Torrents, torrents
}

endpoint! {
    /// Returns all torrents with their releases, the last updated first.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let page = client.torrents().list().limit(5).await?;
    /// assert!(page.items.iter().all(|torrent| torrent.release.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/torrents" => Torrents::list() -> Page<Torrent>;
    pub struct ListTorrents: Projected, Paged<Torrent> {}
}

endpoint! {
    /// Returns a torrent with its release.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let hash = client.torrents().list().limit(1).await?.items[0].hash.unwrap_or_default();
    ///
    /// let torrent = client.torrents().get(hash).await?;
    /// assert_eq!(torrent.hash, Some(hash));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/torrents/{torrent}" => Torrents::get(torrent: Arg<TorrentRef>) -> Torrent;
    pub struct GetTorrent: Projected {}
}

endpoint! {
    /// Returns the torrents of a release.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let torrents = client.torrents().of_release(1).await?;
    /// assert!(torrents.iter().all(|torrent| torrent.magnet.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/torrents/release/{release}" => Torrents::of_release(release: Arg<ReleaseId>)
        -> Vec<Torrent> as OneOrMany;
    pub struct TorrentsOfRelease: Projected {}
}

endpoint! {
    /// Returns the `.torrent` file of a torrent.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let hash = client.torrents().list().limit(1).await?.items[0].hash.unwrap_or_default();
    ///
    /// let file = client.torrents().file(hash).await?;
    /// assert!(file.starts_with(b"d"));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/torrents/{torrent}/file" => Torrents::file(torrent: Arg<TorrentRef>) -> Bytes => bytes;
    pub struct TorrentFile {
        /// Sets the passkey of the account ([`TorrentAccount::passkey`](crate::model::TorrentAccount::passkey)). The file
        /// is then personal and must not be published.
        passkey: Secret => "pk",
    }
}

endpoint! {
    /// Returns the newest torrents as RSS 2.0.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let xml = client.torrents().rss().limit(3).await?;
    /// assert!(xml.contains("<rss"));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/torrents/rss" => Torrents::rss() -> String => text;
    pub struct TorrentsRss {
        /// Sets the number of torrents. The service takes 10 if unset.
        limit: Number => "limit",
        /// Sets the passkey of the account. The links are then personal and must not be published.
        passkey: Secret => "pk",
    }
}

endpoint! {
    /// Returns the torrents of a release as RSS 2.0.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::model::ReleaseId;
    ///
    /// let xml = client.torrents().rss_of_release(ReleaseId(1)).await?;
    /// assert!(xml.contains("<rss"));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/torrents/rss/release/{release}" => Torrents::rss_of_release(release: Arg<ReleaseId>)
        -> String => text;
    pub struct TorrentsRssOfRelease {
        /// Sets the passkey of the account. The links are then personal and must not be published.
        passkey: Secret => "pk",
    }
}
