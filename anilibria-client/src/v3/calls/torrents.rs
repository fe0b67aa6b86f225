//! Torrents: the feed, and statistics of seeding.

use super::{Call, Dated, Limited};
use crate::{
    call::{Paged, Projected},
    request::Arg,
    v3::{
        Client, RssType, SeedStatsOrder, Session, SortDirection,
        model::{Page, SeedStats},
    },
};

endpoint! {
    /// Returns how much each user has uploaded and downloaded.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// use anilibria_client::v3::{SeedStatsOrder, SortDirection};
    ///
    /// let stats = client.seed_stats().sort_by(SeedStatsOrder::User).order(SortDirection::Ascending);
    ///
    /// assert!(stats.await?.list.is_sorted_by_key(|stats| stats.user.clone()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/torrent/seed_stats" => Client::seed_stats() -> Page<SeedStats>;
    pub struct SeedStatistics: Projected, Limited, Paged<SeedStats> {
        /// Selects users by name.
        users: [Arg<String>] => "users",
        /// Sets the order. Default: by the uploaded volume.
        sort_by: SeedStatsOrder => "sort_by",
    }
}

impl SeedStatistics {
    /// Sets the direction of the order. Default: descending.
    pub fn order(mut self, direction: SortDirection) -> Self {
        // The other way round than in a search.
        self.request.set(
            "order",
            match direction {
                SortDirection::Descending => 0_u32,
                SortDirection::Ascending => 1,
            },
        );
        self
    }
}

endpoint! {
    /// Returns the feed of torrents as text, newest first. The format is XML or JSON.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// use anilibria_client::v3::RssType;
    ///
    /// let feed = client.rss(RssType::Atom).limit(3).await?;
    ///
    /// assert!(feed.contains("<entry>"));
    /// # Ok(())
    /// # });
    /// ```
    GET "/torrent/rss" => Client::rss(rss_type: RssType) -> String => text;
    pub struct Rss: Limited, Dated {}
}

impl Rss {
    /// Sets the session of a user. Links to torrents then contain the key of the user and are confidential.
    pub fn session(mut self, session: impl Into<Session>) -> Self {
        self.request.set("session", session.into());
        self
    }
}
