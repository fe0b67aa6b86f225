//! The routes at `/internal`, for other services of the site.

use anilibria_http::problem::Problem;
use poem_openapi::{OpenApi, payload::Json};

use super::Tag;
use crate::{
    auth::{Caller, Read, Write},
    titles::model::sync::SyncReport,
    v2::{
        internal::Internal,
        model::internal::{CacheStatistics, ClearReport, ClearRequest, Done, ServiceStatistics, SyncRequest},
    },
};

/// Routes at `/internal`.
#[derive(Clone)]
pub struct InternalApi {
    internal: Internal,
}

impl InternalApi {
    /// Creates the routes over `internal`.
    pub fn new(internal: Internal) -> Self {
        Self { internal }
    }
}

#[OpenApi(prefix_path = "/internal", tag = "Tag::Internal")]
impl InternalApi {
    /// Renew a title
    ///
    /// Loads a title from AniLibria, unless what the cache has is fresh and nothing is forced, puts it on all levels of
    /// the cache, and takes whatever it appears in for out of date. Needs the permission `write`.
    #[oai(path = "/sync/title", method = "post", operation_id = "syncTitle")]
    async fn sync(
        &self,
        _caller: Caller<Write>,
        request: Json<SyncRequest>,
    ) -> Result<Json<Done<SyncReport>>, Problem> {
        let SyncRequest { title_id, force, .. } = request.0;
        Ok(Json(Done::new(self.internal.sync(title_id, force).await?)))
    }

    /// Cache statistics
    ///
    /// What each level of the cache keeps, and how often it had an answer. Needs the permission `read`.
    #[oai(path = "/cache/stats", method = "get", operation_id = "getCacheStats")]
    async fn cache_stats(&self, _caller: Caller<Read>) -> Result<Json<Done<CacheStatistics>>, Problem> {
        Ok(Json(Done::new(self.internal.cache().await)))
    }

    /// Service statistics
    ///
    /// How the cache and the mirrors of AniLibria have fared since the start. Needs the permission `read`.
    #[oai(path = "/stats", method = "get", operation_id = "getStats")]
    async fn stats(&self, _caller: Caller<Read>) -> Result<Json<Done<ServiceStatistics>>, Problem> {
        Ok(Json(Done::new(self.internal.service().await)))
    }

    /// Clear the cache
    ///
    /// Drops the answers whose keys match a pattern, on all levels and all instances. Only answers of this API are
    /// dropped, whatever the pattern: keys that begin with `title:`, `titles:`, `search:`, `popular:`, `updates:`,
    /// `schedule`, `genres` or `legacy:`. Needs the permission `write`.
    #[oai(path = "/cache/clear", method = "post", operation_id = "clearCache")]
    async fn clear(
        &self,
        _caller: Caller<Write>,
        request: Json<ClearRequest>,
    ) -> Result<Json<Done<ClearReport>>, Problem> {
        let ClearRequest { pattern, confirm } = request.0;
        if !confirm {
            return Err(Problem::invalid("confirm", "must be true"));
        }
        Ok(Json(Done::new(self.internal.clear(pattern.0).await)))
    }

    /// Clear the cache
    ///
    /// The same as `POST`, for clients that can send a body with `DELETE`.
    #[oai(path = "/cache/clear", method = "delete", operation_id = "deleteCache")]
    async fn delete(
        &self,
        caller: Caller<Write>,
        request: Json<ClearRequest>,
    ) -> Result<Json<Done<ClearReport>>, Problem> {
        self.clear(caller, request).await
    }
}
