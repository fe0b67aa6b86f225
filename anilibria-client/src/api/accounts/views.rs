//! Views: watched episodes and playback positions.

use std::borrow::Borrow;

use http::Method;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::BATCH;
use crate::{
    Result,
    call::{BatchCall, Call, Paged, Projected},
    client::read,
    model::{EpisodeId, ReleaseRef, Timecode, View},
    page::Page,
    request::{Arg, Param, Request},
};

group! {
    /// Views of the account: watched episodes and playback positions.
    ///
    /// [`timecodes`](Views::timecodes) returns a change at once. The other reads lag 25 to 30 seconds behind, so do not
    /// use them to check a write.
    Views, views
}

endpoint! {
    /// Returns a page of views, the latest first. Lags 25 to 30 seconds behind. `exclude` has no effect.
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
    pub struct ViewHistory: Projected, Paged<View> {}
}

endpoint! {
    /// Returns the playback positions of all episodes. Contains changes at once.
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
    GET "/accounts/users/me/views/timecodes" [session] => Views::timecodes() -> Vec<Timecode>;
    pub struct Timecodes {
        /// Selects positions that were changed after this time.
        since: Since => "since",
    }
}

endpoint! {
    /// Returns the view of an episode: `NotFound` if there is none. Lags 25 to 30 seconds behind.
    GET "/anime/releases/episodes/{episode}/timecode" [session] => Views::of_episode(episode: Arg<EpisodeId>) -> View;
    pub struct EpisodeTimecode: Projected {}
}

endpoint! {
    /// Returns the views of the episodes of a release. Lags 25 to 30 seconds behind.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// client.session().log_in("demo", "demo").await?;
    ///
    /// assert!(client.views().of_release(1).await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/releases/{release}/episodes/timecodes" [session] => Views::of_release(release: Arg<ReleaseRef>)
        -> Vec<View>;
    pub struct ReleaseTimecodes: Projected {}
}

/// A time, which is sent in RFC 3339.
type Since = OffsetDateTime;

impl From<OffsetDateTime> for Param {
    fn from(moment: OffsetDateTime) -> Self {
        // RFC 3339 has no years beyond 9999. The service has no positions since then either.
        Self::Text(moment.format(&Rfc3339).unwrap_or_else(|_| "9999-12-31T23:59:59Z".to_owned()))
    }
}

impl<R: Clone> Views<R> {
    /// Saves playback positions of episodes.
    ///
    /// Sends the timecodes in batches of 100. If a batch fails, the batches before it remain saved.
    ///
    /// Calls `POST /accounts/users/me/views/timecodes`.
    pub fn save(&self, timecodes: impl IntoIterator<Item = impl Borrow<Timecode>>) -> BatchCall<(), R> {
        let entries = timecodes.into_iter().map(|timecode| {
            let Timecode { episode_id, position, is_watched } = timecode.borrow();
            json!({
                "release_episode_id": episode_id, "time": position.as_secs_f64(), "is_watched": is_watched,
            })
        });
        self.write(Method::POST, Ok(entries.collect()))
    }

    /// Deletes playback positions of episodes. Sends batches as [`save`](Self::save) does.
    ///
    /// Calls `DELETE /accounts/users/me/views/timecodes`.
    pub fn forget(&self, episodes: impl IntoIterator<Item = impl Into<Arg<EpisodeId>>>) -> BatchCall<(), R> {
        let episodes: Result<Vec<EpisodeId>> = Arg::get_all("release_episode_id", episodes);
        let entry = |episode| json!({ "release_episode_id": episode });
        self.write(Method::DELETE, episodes.map(|episodes| episodes.into_iter().map(entry).collect()))
    }

    fn write(&self, method: Method, entries: Result<Vec<Value>>) -> BatchCall<(), R> {
        let client = self.client.clone();
        let requests = async move {
            for batch in entries?.chunks(BATCH) {
                let request = Request::new(method.clone(), "/accounts/users/me/views/timecodes").session();
                client.fetch_bytes(&request.json(batch.into())).await.and_then(read::empty)?;
            }
            Ok(())
        };
        BatchCall::new(&self.runtime, Box::pin(requests))
    }
}
