//! Titles: one, several, what is new, the week.

use http::Method;
use time::Weekday;

use crate::{
    model::{ReleaseId, TorrentId},
    request::Request,
    v3::{
        Client, TitleRef,
        model::{Page, ScheduleDay, Title},
    },
};

impl Client {
    /// One title, by its id, its code or the id of one of its torrents.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let title = client.title(7).await?;
    ///
    /// assert_eq!(client.title(title.code.as_str()).await?.id, title.id);
    /// assert_eq!(client.title(title.torrents.list[0].torrent_id).await?.id, title.id);
    /// assert!(client.title(u32::MAX).await.is_err_and(|error| error.is_not_found()));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// Calls `GET /title`.
    pub fn title(&self, title: impl Into<TitleRef>) -> GetTitle {
        let request = Request::new(Method::GET, "/title").needs("id|code|torrent_id");
        let request = match title.into() {
            TitleRef::Id(id) => request.arg("id", id),
            TitleRef::Code(code) => request.arg("code", code),
            TitleRef::TorrentId(id) => request.arg("torrent_id", id),
        };
        GetTitle { client: self.client.clone(), request }
    }
}

endpoint! {
    => Client::title -> Title;
    pub struct GetTitle {}
}
shaped!(GetTitle);

endpoint! {
    /// Several titles, of which at least one has to be named. Those that are not known are left out.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// let titles = client.titles().ids([7, 3]).filter(["id", "names.ru"]).await?;
    ///
    /// assert_eq!(titles.list.iter().map(|title| title.id.get()).collect::<Vec<_>>(), [7, 3]);
    /// # Ok(())
    /// # });
    /// ```
    GET "/title/list" [needs("id_list|code_list|torrent_id_list")] => Client::titles() -> Page<Title>;
    pub struct GetTitles {
        /// By id.
        ids: [ReleaseId] => "id_list",
        /// By code.
        codes: [String] => "code_list",
        /// By the ids of their torrents.
        torrent_ids: [TorrentId] => "torrent_id_list",
    }
}
shaped!(GetTitles);
paged!(GetTitles, Title);

endpoint! {
    /// Titles in the order in which episodes came out, newest first.
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
    pub struct Updates {}
}
shaped!(Updates);
limited!(Updates, Title);
since!(Updates);

endpoint! {
    /// Titles in the order in which anything in them changed, newest first.
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
    pub struct Changes {}
}
shaped!(Changes);
limited!(Changes, Title);
since!(Changes);

endpoint! {
    /// What comes out on the days of the week.
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
    pub struct Schedule {
        /// Only these days. Default: all.
        days: [Weekday] => "days",
    }
}
shaped!(Schedule);

endpoint! {
    /// Some title.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// assert!(!client.random_title().await?.code.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/title/random" => Client::random_title() -> Title;
    pub struct RandomTitle {}
}
shaped!(RandomTitle);
