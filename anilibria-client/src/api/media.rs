//! Videos, promotions and advertisements.

use crate::{
    call::{Call, Projected},
    model::{Promotion, Vast, Video},
    request::Number,
};

group! {
    /// Videos, promotions and advertisements.
    Media, media
}

endpoint! {
    /// Returns videos of the team.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let videos = client.media().videos().limit(3).await?;
    /// assert_eq!(videos.len(), 3);
    /// # Ok(())
    /// # });
    /// ```
    GET "/media/videos" => Media::videos() -> Vec<Video>;
    pub struct Videos: Projected {
        /// Sets the number of videos, 50 at most. Zero means all of them.
        limit: Number => "limit",
    }
}

endpoint! {
    /// Returns the promotions on the site.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let promotions = client.media().promotions().await?;
    /// assert!(!promotions.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/media/promotions" => Media::promotions() -> Vec<Promotion>;
    pub struct Promotions: Projected {}
}

endpoint! {
    /// Returns the video advertisements.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let vasts = client.media().vasts().await?;
    /// assert!(vasts.iter().all(|vast| vast.url.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/media/vasts" => Media::vasts() -> Vec<Vast>;
    pub struct Vasts {}
}

endpoint! {
    /// Returns the VAST document of all video advertisements as XML.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let xml = client.media().manifest().await?;
    /// assert!(xml.contains("<VAST"));
    /// # Ok(())
    /// # });
    /// ```
    GET "/media/manifest.xml" => Media::manifest() -> String => text;
    pub struct Manifest {}
}
