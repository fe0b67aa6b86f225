//! Videos, and the feed of titles and videos.

use super::{Call, Dated, Limited, TitleOptions};
use crate::{
    call::{Paged, Projected},
    v3::{
        Client,
        model::{FeedItem, Page, Video},
    },
};

endpoint! {
    /// Returns videos on `YouTube`, newest first.
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
    pub struct YouTube: Projected, Limited, Paged<Video>, Dated {}
}

endpoint! {
    /// Returns titles and videos, newest first.
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
    pub struct Feed: Projected, TitleOptions, Limited, Paged<FeedItem>, Dated {}
}
