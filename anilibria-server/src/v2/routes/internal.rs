//! The routes at `/internal`, for the site's other services.

use anilibria_http::{body::JsonBody, problem::Problem};
use poem_openapi::{OpenApi, payload::Json};

use super::Tag;
use crate::{
    auth::{AuthorizedService, Read, Write},
    titles::model::sync_report::SyncReport,
    v2::{
        internal::InternalService,
        requests::{ClearRequest, SyncRequest},
        responses::{
            internal::{ClearReport, Done},
            statistics::{CacheStatistics, ServiceStatistics},
        },
    },
};

/// Routes at `/internal`.
#[derive(Clone)]
pub struct InternalApi {
    internal: InternalService,
}

impl InternalApi {
    /// Creates the routes, which call `internal`.
    pub fn new(internal: InternalService) -> Self {
        Self { internal }
    }
}

#[OpenApi(prefix_path = "/internal", tag = "Tag::Internal")]
impl InternalApi {
    /// Synchronise a title
    ///
    /// Loads a title from AniLibria, unless the cached title is fresh and `force` is `false`. A loaded title is stored on all
    /// levels of the cache, all other cached responses that contain it expire, and its changes are published as events. Requires
    /// the permission `write`.
    #[oai(path = "/sync/title", method = "post", operation_id = "syncTitle")]
    async fn sync(
        &self,
        _service: AuthorizedService<Write>,
        request: JsonBody<SyncRequest>,
    ) -> Result<Json<Done<SyncReport>>, Problem> {
        let SyncRequest { title_id, force, .. } = request.0;
        Ok(Json(Done::new(self.internal.sync(title_id, force).await?)))
    }

    /// Get cache statistics
    ///
    /// Returns sizes, hits and misses of the cache, in total and by level. Requires the permission `read`.
    #[oai(path = "/cache/stats", method = "get", operation_id = "getCacheStats")]
    async fn cache_stats(
        &self,
        _service: AuthorizedService<Read>,
    ) -> Result<Json<Done<CacheStatistics>>, Problem> {
        Ok(Json(Done::new(self.internal.cache().await)))
    }

    /// Get service statistics
    ///
    /// Returns statistics since the start of the service: requests, cache, local catalog, notifications, live connections and
    /// mirrors. Requires the permission `read`.
    #[oai(path = "/stats", method = "get", operation_id = "getStats")]
    async fn stats(
        &self,
        _service: AuthorizedService<Read>,
    ) -> Result<Json<Done<ServiceStatistics>>, Problem> {
        Ok(Json(Done::new(self.internal.service().await)))
    }

    /// Clear the cache
    ///
    /// Removes the cached responses whose keys match a pattern, on all levels of the cache and all instances. Only keys that
    /// begin with `title:`, `titles:`, `search:`, `popular:`, `updates:`, `schedule`, `genres` or `legacy:` are removed,
    /// regardless of the pattern. Requires the permission `write`.
    #[oai(path = "/cache/clear", method = "post", operation_id = "clearCache")]
    async fn clear(
        &self,
        _service: AuthorizedService<Write>,
        request: JsonBody<ClearRequest>,
    ) -> Result<Json<Done<ClearReport>>, Problem> {
        Ok(Json(Done::new(self.internal.clear(request.0.pattern).await)))
    }

    /// Clear the cache (DELETE)
    ///
    /// Does the same as `POST`, for clients that prefer `DELETE` with a body. Requires the permission `write`.
    #[oai(path = "/cache/clear", method = "delete", operation_id = "deleteCache")]
    async fn delete(
        &self,
        caller: AuthorizedService<Write>,
        request: JsonBody<ClearRequest>,
    ) -> Result<Json<Done<ClearReport>>, Problem> {
        self.clear(caller, request).await
    }
}
