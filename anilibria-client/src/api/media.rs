//! Videos, promotions and advertisements.

use crate::model::{Promotion, Vast, Video, wire::List};

group! {
    /// Videos, promotions and advertisements.
    Media, media
}

endpoint! {
    /// Videos of the team.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let videos = client.media().videos().limit(3).await?;
    /// assert_eq!(videos.len(), 3);
    /// # Ok(())
    /// # });
    /// ```
    GET "/media/videos" => Media::videos() -> Vec<Video> as List<Video>;
    pub struct Videos: Fields {
        /// How many videos to give, at most 50; all of them when zero.
        limit: u32 => "limit",
    }
}

endpoint! {
    /// What the site promotes.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let promotions = client.media().promotions().await?;
    /// assert!(!promotions.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/media/promotions" => Media::promotions() -> Vec<Promotion> as List<Promotion>;
    pub struct Promotions: Fields {}
}

endpoint! {
    /// Video advertisements.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let vasts = client.media().vasts().await?;
    /// assert!(vasts.iter().all(|vast| vast.url.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/media/vasts" => Media::vasts() -> Vec<Vast> as List<Vast>;
    pub struct Vasts {}
}

endpoint! {
    /// The VAST document of all video advertisements, as XML.
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
