//! Videos, and what is new of every kind.

use crate::v3::{
    Client,
    model::{FeedItem, Page, Video},
};

endpoint! {
    /// Videos on `YouTube`, newest first.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// for video in client.youtube().limit(3).await?.list {
    ///     println!("{}: {}", video.title, video.url());
    /// }
    /// # Ok(())
    /// # });
    /// ```
    GET "/youtube" => Client::youtube() -> Page<Video>;
    pub struct YouTube {}
}
projected!(YouTube);
limited!(YouTube, Video);
since!(YouTube);

endpoint! {
    /// Titles and videos together, newest first.
    ///
    /// ```
    /// # anilibria_client::v3::offline(|client| async move {
    /// use anilibria_client::v3::model::FeedItem;
    ///
    /// for item in client.feed().limit(3).await?.list {
    ///     match item {
    ///         FeedItem::Title(title) => println!("{}", title.names.ru),
    ///         FeedItem::YouTube(video) => println!("{}", video.url()),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # });
    /// ```
    GET "/feed" => Client::feed() -> Page<FeedItem>;
    pub struct Feed {}
}
shaped!(Feed);
limited!(Feed, FeedItem);
since!(Feed);
