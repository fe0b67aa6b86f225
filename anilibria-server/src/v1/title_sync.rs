//! The routes of API v1 that synchronise titles at the request of another service, and the status of the local catalog.

use anilibria_client::reflector::Sort;
use anilibria_http::{body::JsonBody, params::Path, problem::Problem, timestamp::Timestamp};
use futures::{StreamExt as _, stream};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::{
    ListQuery,
    response::{LegacyResponse, render},
    selection,
    service::Legacy,
};
use crate::{
    auth::{AuthorizedService, Write},
    titles::{catalog::LocalCatalog, params::TitleId},
};

/// Maximum number of titles that one request synchronises concurrently.
const CONCURRENT_SYNCS: usize = 2;

/// Routes that synchronise titles.
#[derive(Clone)]
pub(super) struct SyncApi {
    legacy: Legacy,
}

/// Request to synchronise the most popular titles.
#[derive(Object)]
struct SyncPopular {
    /// Number of titles, 1 to 100.
    #[oai(default = "default_limit", validator(minimum(value = "1"), maximum(value = "100")))]
    limit: u32,
}

fn default_limit() -> u32 {
    50
}

/// Outcome of the synchronisation of one title.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SyncedTitle {
    id: u32,
    episodes: usize,
}

/// Outcome of the synchronisation of many titles.
#[derive(Serialize)]
struct SyncedTitles {
    synced: usize,
    failed: usize,
}

/// Status of the local catalog.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SyncStats {
    total: usize,
    last_sync: Option<Timestamp>,
    is_mirrored: bool,
}

impl SyncApi {
    pub(super) fn new(legacy: Legacy) -> Self {
        Self { legacy }
    }
}

#[OpenApi(prefix_path = "/sync")]
impl SyncApi {
    /// Synchronise a title
    #[oai(path = "/:id", method = "post", hidden)]
    async fn sync(
        &self,
        _caller: AuthorizedService<Write>,
        id: Path<TitleId>,
    ) -> Result<LegacyResponse, Problem> {
        self.legacy.sync(id.0.0).await
    }

    /// Synchronise the most popular titles
    #[oai(path = "/popular", method = "post", hidden)]
    async fn sync_popular(
        &self,
        _service: AuthorizedService<Write>,
        request: JsonBody<SyncPopular>,
    ) -> Result<LegacyResponse, Problem> {
        self.legacy.sync_popular(request.0.limit).await
    }
}

impl Legacy {
    async fn sync(&self, id: u32) -> Result<LegacyResponse, Problem> {
        let report = self.titles.sync(id, true).await?.report;
        let synced = SyncedTitle { id: report.title_id, episodes: report.episodes_count };
        Ok(LegacyResponse::uncached(render(&synced).map_err(Problem::internal)?))
    }

    async fn sync_popular(&self, limit: u32) -> Result<LegacyResponse, Problem> {
        let query = ListQuery { sort: Some(Sort::Favorites), page: 1, limit, ..ListQuery::default() };
        let selected = selection::select(&self.titles, &query).await?;
        let total = selected.ids.len();
        let synced = stream::iter(selected.ids)
            .map(|id| async move { self.titles.sync(id.get(), true).await.is_ok() })
            .buffer_unordered(CONCURRENT_SYNCS)
            .filter(|synced| std::future::ready(*synced))
            .count()
            .await;
        let outcome = SyncedTitles { synced, failed: total - synced };
        Ok(LegacyResponse::uncached(render(&outcome).map_err(Problem::internal)?))
    }

    /// Returns the status of the local catalog.
    pub(super) fn sync_stats(&self) -> Result<LegacyResponse, Problem> {
        let catalog = self.titles.local_catalog().map(LocalCatalog::status);
        let stats = SyncStats {
            is_mirrored: catalog.is_some(),
            total: catalog.as_ref().map_or(0, |catalog| catalog.releases),
            last_sync: catalog.and_then(|catalog| catalog.last_sync).map(Timestamp::from),
        };
        Ok(LegacyResponse::uncached(render(&stats).map_err(Problem::internal)?))
    }
}
