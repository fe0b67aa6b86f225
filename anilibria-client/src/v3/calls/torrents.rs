//! Torrents: their feed, and who shares them.

use crate::v3::{
    Client, RssType, SeedStatsOrder, Session, SortDirection,
    model::{Page, SeedStats},
};

endpoint! {
    /// How much users have shared.
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
    pub struct SeedStatistics {
        /// Only these users.
        users: [String] => "users",
        /// By what to order them. Default: by how much they have uploaded.
        sort_by: SeedStatsOrder => "sort_by",
    }
}
projected!(SeedStatistics);
limited!(SeedStatistics, SeedStats);

impl SeedStatistics {
    /// Which way to order them. Default: descending.
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
    /// The feed of torrents as text, newest first: XML or JSON, whatever the service calls it.
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
    pub struct Rss {}
}
limited!(Rss);
since!(Rss);

impl Rss {
    /// On whose behalf: links to torrents then carry the user's key, and are as secret as the session.
    pub fn session(mut self, session: impl Into<Session>) -> Self {
        self.request.set("session", session.into());
        self
    }
}
