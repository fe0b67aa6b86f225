//! Refresh of titles at the request of another service.

use anilibria_client::reflector::Sort;
use anilibria_http::{body::JsonBody, params::Path, problem::Problem, timestamp::Timestamp};
use futures::{StreamExt as _, stream};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::{
    ListQuery,
    answer::{Answer, render},
    select,
    service::Legacy,
};
use crate::{
    auth::{AuthorizedService, Write},
    titles::{catalog::LocalCatalog, params::TitleId},
};

/// Maximum number of titles that are refreshed at a time.
const AT_A_TIME: usize = 2;

/// Routes that change something.
#[derive(Clone)]
pub(super) struct SyncApi {
    legacy: Legacy,
}

/// Number of titles to refresh.
#[derive(Object)]
struct SyncPopular {
    /// Number of titles, 1 to 100.
    #[oai(default = "default_limit", validator(minimum(value = "1"), maximum(value = "100")))]
    limit: u32,
}

fn default_limit() -> u32 {
    50
}

/// Outcome of refreshing one title.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Synced {
    id: u32,
    episodes: usize,
}

/// Outcome of refreshing many titles.
#[derive(Serialize)]
struct SyncedMany {
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
    /// Refresh a title
    #[oai(path = "/:id", method = "post", hidden)]
    async fn sync(&self, _service: AuthorizedService<Write>, id: Path<TitleId>) -> Result<Answer, Problem> {
        self.legacy.sync(id.0.0).await
    }

    /// Refresh the most popular titles
    #[oai(path = "/popular", method = "post", hidden)]
    async fn sync_popular(
        &self,
        _service: AuthorizedService<Write>,
        request: JsonBody<SyncPopular>,
    ) -> Result<Answer, Problem> {
        self.legacy.sync_popular(request.0.limit).await
    }
}

impl Legacy {
    async fn sync(&self, id: u32) -> Result<Answer, Problem> {
        let report = self.titles.sync(id, true).await?.report;
        let synced = Synced { id: report.title_id, episodes: report.episodes_count };
        Ok(Answer::once(render(&synced).map_err(Problem::internal)?))
    }

    async fn sync_popular(&self, limit: u32) -> Result<Answer, Problem> {
        let query = ListQuery { sort: Some(Sort::Favorites), page: 1, limit, ..ListQuery::default() };
        let selected = select::select(&self.titles, &query).await?;
        let total = selected.ids.len();
        let synced = stream::iter(selected.ids)
            .map(|id| async move { self.titles.sync(id.get(), true).await.is_ok() })
            .buffer_unordered(AT_A_TIME)
            .filter(|synced| std::future::ready(*synced))
            .count()
            .await;
        let many = SyncedMany { synced, failed: total - synced };
        Ok(Answer::once(render(&many).map_err(Problem::internal)?))
    }

    /// Returns the status of the local catalog.
    pub(super) fn sync_stats(&self) -> Result<Answer, Problem> {
        let catalog = self.titles.local_catalog().map(LocalCatalog::status);
        let stats = SyncStats {
            is_mirrored: catalog.is_some(),
            total: catalog.as_ref().map_or(0, |catalog| catalog.releases),
            last_sync: catalog.and_then(|catalog| catalog.last_sync).map(Timestamp::from),
        };
        Ok(Answer::once(render(&stats).map_err(Problem::internal)?))
    }
}
