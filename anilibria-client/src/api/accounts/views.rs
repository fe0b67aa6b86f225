//! What a user has watched, and how far.

use http::Method;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::BATCH;
use crate::{
    Result,
    client::read,
    model::{EpisodeId, ReleaseRef, Timecode, View, wire::List},
    page::Page,
    request::{Param, Request},
};

group! {
    /// What the user of this session has watched, and how far.
    ///
    /// [`timecodes`](Views::timecodes) tells a change at once. The other readings lag 25 to 30 seconds behind, so do not
    /// read them back right after a write.
    Views, views
}

endpoint! {
    /// What was watched, the latest first, page by page. Lags 25 to 30 seconds behind. `exclude` does nothing here.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.views().history().await?.items.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/views/history" [session] => Views::history() -> Page<View>;
    pub struct ViewHistory: Fields, Paged<View> {}
}

endpoint! {
    /// How far every episode was watched. Up to date at once.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use anilibria_client::model::Timecode;
    ///
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    /// let episode = client.releases().get(1).await?.episodes.unwrap_or_default()[0].id;
    ///
    /// client.views().save([Timecode::stopped(episode, Duration::from_secs(743))]).await?;
    ///
    /// let timecodes = client.views().timecodes().await?;
    /// assert_eq!(timecodes[0].position, Duration::from_secs(743));
    /// # Ok(())
    /// # });
    /// ```
    GET "/accounts/users/me/views/timecodes" [session] => Views::timecodes() -> Vec<Timecode> as List<Timecode>;
    pub struct Timecodes {
        /// Only what was changed since then.
        since: Since => "since",
    }
}

endpoint! {
    /// How far one episode was watched; not found when it was not. Lags 25 to 30 seconds behind.
    GET "/anime/releases/episodes/{episode}/timecode" [session] => Views::of_episode(episode: EpisodeId) -> View;
    pub struct EpisodeTimecode: Fields {}
}

endpoint! {
    /// How far the episodes of a release were watched. Lags 25 to 30 seconds behind.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.views().of_release(1).await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/{release}/episodes/timecodes" [session] => Views::of_release(release: ReleaseRef)
        -> Vec<View> as List<View>;
    pub struct ReleaseTimecodes: Fields {}
}

/// A moment, as the service takes it.
type Since = OffsetDateTime;

impl From<OffsetDateTime> for Param {
    fn from(moment: OffsetDateTime) -> Self {
        // Years beyond 9999 have no such form; the service knows of nothing since then either.
        Self::Text(moment.format(&Rfc3339).unwrap_or_else(|_| "9999-12-31T23:59:59Z".to_owned()))
    }
}

impl Views {
    /// Saves how far episodes were watched. As many as one likes: they are sent in batches, and when one fails, those
    /// before it have been saved.
    ///
    /// Calls `POST /accounts/users/me/views/timecodes`.
    pub async fn save(&self, timecodes: impl IntoIterator<Item = Timecode>) -> Result<()> {
        let entry = |Timecode { episode_id, position, is_watched }: Timecode| json!({ "release_episode_id": episode_id, "time": position.as_secs_f64(), "is_watched": is_watched });
        self.write(Method::POST, timecodes.into_iter().map(entry).collect()).await
    }

    /// Forgets how far episodes were watched; in batches, as [`save`](Self::save) does.
    ///
    /// Calls `DELETE /accounts/users/me/views/timecodes`.
    pub async fn forget(&self, episodes: impl IntoIterator<Item = EpisodeId>) -> Result<()> {
        let entry = |episode: EpisodeId| json!({ "release_episode_id": episode });
        self.write(Method::DELETE, episodes.into_iter().map(entry).collect()).await
    }

    async fn write(&self, method: Method, entries: Vec<Value>) -> Result<()> {
        for batch in entries.chunks(BATCH) {
            let request = Request::new(method.clone(), "/accounts/users/me/views/timecodes").session();
            self.client.fetch_bytes(&request.json(batch.into())).await.and_then(read::empty)?;
        }
        Ok(())
    }
}
