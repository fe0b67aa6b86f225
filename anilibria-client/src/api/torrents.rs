//! Torrents.

use bytes::Bytes;

use crate::{
    Secret,
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
    /// let hash = client.torrents().list().limit(1).await?.items[0].hash.unwrap_or_default();
    ///
    /// let torrent = client.torrents().get(hash).await?;
    /// assert_eq!(torrent.hash, Some(hash));
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

endpoint! {
    /// The `.torrent` file of a torrent, by id or info hash.
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
    GET "/anime/torrents/{torrent}/file" => Torrents::file(torrent: TorrentRef) -> Bytes => bytes;
    pub struct TorrentFile {
        /// The account's passkey ([`TorrentAccount::passkey`](crate::model::TorrentAccount::passkey)): makes the file
        /// personal, so it is not to be passed on.
        passkey: Secret => "pk",
    }
}

endpoint! {
    /// The newest torrents as RSS 2.0.
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
        /// How many torrents to give; ten when unset.
        limit: u32 => "limit",
        /// The account's passkey: makes the links personal, so they are not to be passed on.
        passkey: Secret => "pk",
    }
}

endpoint! {
    /// The torrents of a release as RSS 2.0.
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
    GET "/anime/torrents/rss/release/{release}" => Torrents::rss_of_release(release: ReleaseId) -> String => text;
    pub struct TorrentsRssOfRelease {
        /// The account's passkey: makes the links personal, so they are not to be passed on.
        passkey: Secret => "pk",
    }
}
