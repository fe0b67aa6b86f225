//! Releases and their episodes.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    Result,
    model::{Episode, EpisodeId, Member, Release, ReleaseId, ReleaseRef, wire::List},
    page::Page,
    request::MAX_LIMIT,
};

group! {
    /// Releases and their episodes.
    Releases, releases
}

endpoint! {
    /// The most recently updated releases, newest first, each with its newest episode.
    ///
    /// At most 50; to go further back, page through the catalogue, which is in the same order by default.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let latest = client.releases().latest().limit(14).exclude(["description"]).await?;
    /// assert_eq!(latest.len(), 14);
    /// assert!(latest[0].latest_episode.is_some());
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/latest" => Releases::latest() -> Vec<Release> as List<Release>;
    pub struct LatestReleases: Fields {
        /// How many releases to give, from 1 to 50; the service decides when unset.
        limit: u32 => "limit",
    }
}

endpoint! {
    /// Some releases at random.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let releases = client.releases().random().limit(3).await?;
    /// assert_eq!(releases.len(), 3);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/random" => Releases::random() -> Vec<Release> as List<Release>;
    pub struct RandomReleases: Fields {
        /// How many releases to give, from 1 to 50; the service decides when unset.
        limit: u32 => "limit",
    }
}

endpoint! {
    /// Releases that the service recommends; a projection may make the answer empty.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// use anilibria_client::model::ReleaseId;
    ///
    /// let releases = client.releases().recommended().like(ReleaseId(1)).limit(5).await?;
    /// assert_eq!(releases.len(), 5);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/recommended" => Releases::recommended() -> Vec<Release> as List<Release>;
    pub struct RecommendedReleases: Fields {
        /// How many releases to give; other clients ask for 14 at most.
        limit: u32 => "limit",
        /// The release to which the others should be like.
        like: ReleaseId => "release_id",
    }
}

endpoint! {
    /// Releases by ids and aliases, whole, page by page. Unknown ones are left out.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let page = client.releases().list().ids([2, 1]).limit(50).await?;
    /// assert_eq!(page.items.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/list" => Releases::list() -> Page<Release>;
    pub struct ListReleases: Fields, Paged<Release> {
        /// Adds ids.
        ids: [ReleaseId] => "ids",
        /// Adds aliases.
        aliases: [String] => "aliases",
    }
}

endpoint! {
    /// One release, with its genres, episodes, torrents, members and sponsors.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let by_id = client.releases().get(1).await?;
    /// let by_alias = client.releases().get(by_id.alias.as_str()).await?;
    /// assert_eq!(by_id, by_alias);
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Card {
    ///     id: u32,
    ///     alias: String,
    /// }
    ///
    /// let card: Card = client.releases().get(1).include(["id", "alias"]).fetch_as().await?;
    /// assert_eq!((card.id, card.alias), (1, by_id.alias));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/{release}" => Releases::get(release: ReleaseRef) -> Release;
    pub struct GetRelease: Fields {}
}

/// How many releases are asked for at a time.
const LIST_CONCURRENCY: usize = 2;

impl Releases {
    /// Releases by ids, whole, in the order of the ids, however many they are. Unknown ones are left out.
    ///
    /// Asks for as many at a time as the service allows, through [`list`](Self::list).
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let releases = client.releases().many([7, 9999, 3]).await?;
    /// assert_eq!(releases.iter().map(|release| release.id.get()).collect::<Vec<_>>(), [7, 3]);
    /// # Ok(())
    /// # });
    /// ```
    pub async fn many(&self, ids: impl IntoIterator<Item = impl Into<ReleaseId>>) -> Result<Vec<Release>> {
        let ids: Vec<ReleaseId> = ids.into_iter().map(Into::into).collect();
        // Requests first: a stream that borrows the ids could not be sent to another thread.
        let batches: Vec<_> = ids
            .chunks(MAX_LIMIT as usize)
            .map(|batch| self.list().ids(batch.iter().copied()).limit(MAX_LIMIT))
            .collect();
        let batches = stream::iter(batches).map(|batch| async move { batch.await.map(|page| page.items) });
        let batches: Vec<_> = batches.buffered(LIST_CONCURRENCY).try_collect().await?;
        let mut found: HashMap<_, _> =
            batches.into_iter().flatten().map(|release| (release.id, release)).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }
}

endpoint! {
    /// Who worked on a release.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let members = client.releases().members(1).await?;
    /// assert!(members.iter().all(|member| !member.nickname.is_empty()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/{release}/members" => Releases::members(release: ReleaseRef)
        -> Vec<Member> as List<Member>;
    pub struct ReleaseMembers: Fields {}
}

endpoint! {
    /// One episode, with its release and all episodes of that.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let release = client.releases().get(1).await?;
    /// let first = &release.episodes.unwrap_or_default()[0];
    ///
    /// let episode = client.releases().episode(first.id).await?;
    /// assert_eq!(episode.ordinal, first.ordinal);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/episodes/{episode}" => Releases::episode(episode: EpisodeId) -> Episode;
    pub struct GetEpisode: Fields {}
}
