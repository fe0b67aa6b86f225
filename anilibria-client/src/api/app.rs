//! The service as a whole: search and status.

use crate::model::{AppStatus, Release, wire::List};

group! {
    /// The service as a whole: search and status.
    App, app
}

endpoint! {
    /// Releases whose Russian, Latin or other name is like `query`, the best match first; about 20 at most.
    ///
    /// Names of other languages mostly miss. To filter as well, or to page, use the catalogue's `search`.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let name = client.releases().get(1).await?.name.main;
    ///
    /// let found = client.app().search(name).await?;
    /// assert!(found.iter().any(|release| release.id.get() == 1));
    /// # Ok(())
    /// # });
    /// ```
    GET "/app/search/releases" => App::search(query: String) -> Vec<Release> as List<Release>;
    pub struct SearchReleases: Fields {}
}

endpoint! {
    /// Whether the service is up, and how it sees the caller.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let status = client.app().status().await?;
    /// assert!(status.is_alive);
    /// # Ok(())
    /// # });
    /// ```
    GET "/app/status" => App::status() -> AppStatus;
    pub struct GetStatus {}
}
