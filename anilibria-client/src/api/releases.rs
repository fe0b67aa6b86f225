//! Releases and their episodes.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    Result,
    call::{BatchCall, Call, Paged, Projected},
    model::{Episode, EpisodeId, Member, Release, ReleaseId, ReleaseRef},
    page::Page,
    request::{Arg, MAX_LIMIT, Number},
};

/// A release by id only.
type ReleaseArg = Arg<ReleaseId>;

group! {
    /// Releases and their episodes.
    Releases, releases
}

endpoint! {
    /// Returns the most recently updated releases with their newest episodes, newest first.
    ///
    /// The list has 50 releases at most. The catalog has the same default order and no such limit.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let latest = client.releases().latest().limit(14).exclude(["description"]).await?;
    /// assert_eq!(latest.len(), 14);
    /// assert!(latest[0].latest_episode.is_some());
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/latest" => Releases::latest() -> Vec<Release>;
    pub struct LatestReleases: Projected {
        /// Sets the number of releases, from 1 to 50. The service decides if unset.
        limit: Number => "limit",
    }
}

endpoint! {
    /// Returns random releases.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let releases = client.releases().random().limit(3).await?;
    /// assert_eq!(releases.len(), 3);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/random" => Releases::random() -> Vec<Release>;
    pub struct RandomReleases: Projected {
        /// Sets the number of releases, from 1 to 50. The service decides if unset.
        limit: Number => "limit",
    }
}

endpoint! {
    /// Returns releases that the service recommends. A projection may make the response empty.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let releases = client.releases().recommended().like(1).limit(5).await?;
    /// assert_eq!(releases.len(), 5);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/recommended" => Releases::recommended() -> Vec<Release>;
    pub struct RecommendedReleases: Projected {
        /// Sets the number of releases. Other clients request 14 at most.
        limit: Number => "limit",
        /// Selects releases that are similar to this one.
        like: ReleaseArg => "release_id",
    }
}

endpoint! {
    /// Returns a page of complete releases by id and alias. Unknown ids and aliases are ignored.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let page = client.releases().list().ids([2, 1]).limit(50).await?;
    /// assert_eq!(page.items.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/list" => Releases::list() -> Page<Release>;
    pub struct ListReleases: Projected, Paged<Release> {
        /// Adds ids.
        ids: [Arg<ReleaseId>] => "ids",
        /// Adds aliases.
        aliases: [Arg<String>] => "aliases",
    }
}

endpoint! {
    /// Returns a release with its genres, episodes, torrents, members and sponsors.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let by_id = client.releases().get(1).await?;
    /// let by_alias = client.releases().get(&by_id.alias).await?;
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
    GET "/anime/releases/{release}" => Releases::get(release: Arg<ReleaseRef>) -> Release;
    pub struct GetRelease: Projected {}
}

/// Maximum number of concurrent requests.
const LIST_CONCURRENCY: usize = 2;

impl<R: Clone> Releases<R> {
    /// Returns complete releases in the order of their ids. Unknown ids are ignored.
    ///
    /// Splits the ids into requests of [`list`](Self::list), so that any number of ids is allowed.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let releases = client.releases().many([7, 9999, 3]).await?;
    /// assert_eq!(releases.iter().map(|release| release.id.get()).collect::<Vec<_>>(), [7, 3]);
    /// # Ok(())
    /// # });
    /// ```
    pub fn many(
        &self,
        ids: impl IntoIterator<Item = impl Into<Arg<ReleaseId>>>,
    ) -> BatchCall<Vec<Release>, R> {
        let ids: Result<Vec<ReleaseId>> = Arg::get_all("ids", ids);
        let releases = self.client.releases();
        BatchCall::new(&self.runtime, Box::pin(async move { releases.fetch_many(ids?).await }))
    }
}

impl Releases {
    async fn fetch_many(&self, ids: Vec<ReleaseId>) -> Result<Vec<Release>> {
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
    /// Returns the members of the team that worked on a release.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let members = client.releases().members(1).await?;
    /// assert!(members.iter().all(|member| !member.nickname.is_empty()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/{release}/members" => Releases::members(release: Arg<ReleaseRef>) -> Vec<Member>;
    pub struct ReleaseMembers: Projected {}
}

endpoint! {
    /// Returns an episode with its release and all episodes of the release.
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
    GET "/anime/releases/episodes/{episode}" => Releases::episode(episode: Arg<EpisodeId>) -> Episode;
    pub struct GetEpisode: Projected {}
}
