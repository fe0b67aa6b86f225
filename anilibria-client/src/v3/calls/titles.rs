//! Titles: one, several, updates, the schedule.

use http::Method;
use time::Weekday;

use super::{Call, Dated, Limited, TitleOptions};
use crate::{
    call::{Paged, Projected},
    model::{ReleaseId, TorrentId},
    request::{Arg, Param, Request},
    v3::{
        Client, TitleRef,
        model::{Page, ScheduleDay, Title},
    },
};

impl<R: Clone> Client<R> {
    /// Returns a title by its id, its code or the id of one of its torrents.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let title = client.title(7).await?;
    ///
    /// assert_eq!(client.title(&title.code).await?.id, title.id);
    /// assert_eq!(client.title(title.torrents.list[0].torrent_id).await?.id, title.id);
    /// assert!(client.title(u32::MAX).await.is_err_and(|error| error.is_not_found()));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// Calls `GET /title`.
    pub fn title(&self, title: impl Into<Arg<TitleRef>>) -> GetTitle<R> {
        let mut request = Request::new(Method::GET, "/title").requires("id|code|torrent_id");
        match title.into().get("id") {
            Ok(TitleRef::Id(id)) => request.set("id", id),
            Ok(TitleRef::Code(code)) => request.set("code", code),
            Ok(TitleRef::TorrentId(id)) => request.set("torrent_id", id),
            Err(_) => request.set("id", Param::OutOfRange),
        }
        Call::new(&self.client, &self.runtime, request)
    }
}

endpoint! {
    => Client::title -> Title;
    pub struct GetTitle: Projected, TitleOptions {}
}

endpoint! {
    /// Returns several titles. At least one must be named. Unknown titles are ignored.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let titles = client.titles().ids([7, 3]).filter(["id", "names.ru"]).await?;
    ///
    /// assert_eq!(titles.list.iter().map(|title| title.id.get()).collect::<Vec<_>>(), [7, 3]);
    /// # Ok(())
    /// # });
    /// ```
    GET "/title/list" [requires("id_list|code_list|torrent_id_list")] => Client::titles() -> Page<Title>;
    pub struct GetTitles: Projected, TitleOptions, Paged<Title> {
        /// Selects titles by id.
        ids: [Arg<ReleaseId>] => "id_list",
        /// Selects titles by code.
        codes: [Arg<String>] => "code_list",
        /// Selects titles by the ids of their torrents.
        torrent_ids: [Arg<TorrentId>] => "torrent_id_list",
    }
}

endpoint! {
    /// Returns titles by the time of their last episode, newest first.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// use futures::TryStreamExt;
    ///
    /// let newest = client.updates().limit(3).await?;
    /// let all: Vec<_> = client.updates().items_per_page(20).items().try_collect().await?;
    ///
    /// assert_eq!(newest.list[..], all[..3]);
    /// # Ok(())
    /// # });
    /// ```
    GET "/title/updates" => Client::updates() -> Page<Title>;
    pub struct Updates: Projected, TitleOptions, Limited, Paged<Title>, Dated {}
}

endpoint! {
    /// Returns titles by the time of their last change, newest first.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let since = client.changes().limit(3).await?.list[2].last_change.expect("a date");
    ///
    /// assert_eq!(client.changes().since(since).await?.list.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    GET "/title/changes" => Client::changes() -> Page<Title>;
    pub struct Changes: Projected, TitleOptions, Limited, Paged<Title>, Dated {}
}

endpoint! {
    /// Returns the titles of each day of the week.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// use time::Weekday;
    ///
    /// let week = client.schedule().await?;
    /// let weekend = client.schedule().days([Weekday::Saturday, Weekday::Sunday]).await?;
    ///
    /// assert_eq!((week.len(), weekend[0].day), (7, 5));
    /// # Ok(())
    /// # });
    /// ```
    GET "/title/schedule" => Client::schedule() -> Vec<ScheduleDay<Title>>;
    pub struct Schedule: Projected, TitleOptions {
        /// Selects days. Default: all.
        days: [Weekday] => "days",
    }
}

endpoint! {
    /// Returns a random title.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// assert!(!client.random_title().await?.code.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/title/random" => Client::random_title() -> Title;
    pub struct RandomTitle: Projected, TitleOptions {}
}
