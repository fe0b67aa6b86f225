//! Search for releases by name.

use http::Method;

use crate::{
    Client,
    call::{Async, Call, Projected},
    model::Release,
    request::Request,
};

impl Client {
    /// Searches releases by name. Returns about 20 releases at most, the best match first.
    ///
    /// The service compares `query` with the Russian, the Latin and the other name of each release. Names in other
    /// languages are rarely found. To filter the releases or to read them in pages, use
    /// [`CatalogReleases::search`](crate::api::catalog::CatalogReleases::search).
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let release = client.releases().get(1).await?;
    ///
    /// let found = client.search(&release.name.main).await?;
    /// assert!(found.iter().any(|found| found.id == release.id));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// Calls `GET /app/search/releases`.
    #[doc(alias("find", "query"))]
    pub fn search(&self, query: impl Into<String>) -> SearchReleases {
        Call::new(self, &Async, Request::new(Method::GET, "/app/search/releases").arg("query", query.into()))
    }
}

endpoint! {
    => Client::search -> Vec<Release>;
    pub struct SearchReleases: Projected {}
}
