//! The routes of API v1 that read.

use anilibria_client::reflector::Sort;
use anilibria_http::{
    params::{Param, Path, read},
    problem::Problem,
};
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::OpenApi;
use serde::Serialize;

use super::{
    ListQuery,
    params::{AnyText, FranchiseRef, KindParam, SeasonParam, TitleRef},
    response::LegacyResponse,
    service::Legacy,
};
use crate::{
    health::report::HealthStatus,
    titles::params::{Days, Genres, Limit, LimitOr, PageNumber, Query, Search, Year},
};

/// Routes of API v1 that read.
#[derive(Clone)]
pub(super) struct LegacyApi {
    legacy: Legacy,
}

/// Response that says if the API is available.
#[derive(Serialize)]
struct Availability {
    success: bool,
    available: bool,
}

/// Filters that all lists of titles support.
struct Filters(ListQuery);

impl<'a> FromRequest<'a> for Filters {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let PageNumber(page) = read(request, "page")?;
        let Limit(limit) = read(request, "limit")?;
        let Year(year) = read(request, "year")?;
        let SeasonParam(season) = read(request, "season")?;
        let Genres(genres) = read(request, "genres")?;
        let KindParam(kind) = read(request, "type")?;
        Ok(Self(ListQuery { year, season, genres, kind, page, limit, ..ListQuery::default() }))
    }
}

impl LegacyApi {
    pub(super) fn new(legacy: Legacy) -> Self {
        Self { legacy }
    }
}

#[OpenApi]
impl LegacyApi {
    /// List popular titles
    #[oai(path = "/popular", method = "get", hidden)]
    async fn popular(
        &self,
        page: Param<PageNumber>,
        limit: Param<LimitOr<50>>,
    ) -> Result<LegacyResponse, Problem> {
        self.sorted(Sort::Favorites, page.0.0, limit.0.0).await
    }

    /// List updated titles
    #[oai(path = "/updates", method = "get", hidden)]
    async fn updates(
        &self,
        page: Param<PageNumber>,
        limit: Param<LimitOr<12>>,
    ) -> Result<LegacyResponse, Problem> {
        self.sorted(Sort::Updated, page.0.0, limit.0.0).await
    }

    /// Search titles
    #[oai(path = "/search", method = "get", hidden)]
    async fn search(&self, search: Param<Query>, filters: Filters) -> Result<LegacyResponse, Problem> {
        self.legacy.list(&ListQuery { text: Some(search.0.0), ..filters.0 }).await
    }

    /// Search titles with a text of at least one character
    #[oai(path = "/search/fallback", method = "get", hidden)]
    async fn search_fallback(
        &self,
        query: Param<AnyText>,
        filters: Filters,
    ) -> Result<LegacyResponse, Problem> {
        let query = ListQuery { text: Some(query.0.0), names_source: true, ..filters.0 };
        self.legacy.list(&query).await
    }

    /// List random titles
    #[oai(path = "/random", method = "get", hidden)]
    async fn random(&self, limit: Param<LimitOr<1>>) -> Result<LegacyResponse, Problem> {
        self.legacy.random(limit.0.0).await
    }

    /// List genres
    #[oai(path = "/genres", method = "get", hidden)]
    async fn genres(&self) -> Result<LegacyResponse, Problem> {
        self.legacy.genres().await
    }

    /// Get the schedule
    #[oai(path = "/schedule", method = "get", hidden)]
    async fn schedule(&self, days: Param<Days>) -> Result<LegacyResponse, Problem> {
        self.legacy.schedule(&days.0.0).await
    }

    /// List the latest videos
    #[oai(path = "/youtube", method = "get", hidden)]
    async fn videos(&self, limit: Param<LimitOr<5>>) -> Result<LegacyResponse, Problem> {
        self.legacy.videos(limit.0.0).await
    }

    /// List titles
    #[oai(path = "/titles", method = "get", hidden)]
    async fn titles(&self, search: Param<Search>, filters: Filters) -> Result<LegacyResponse, Problem> {
        let query = ListQuery { sort: Some(Sort::Id), text: search.0.0, ..filters.0 };
        self.legacy.list(&query).await
    }

    /// Get a title
    #[oai(path = "/titles/:id", method = "get", hidden)]
    async fn title(&self, id: Path<TitleRef>) -> Result<LegacyResponse, Problem> {
        self.legacy.title(id.0.0.as_ref()).await
    }

    /// Get a title by its readable id
    #[oai(path = "/titles/code/:code", method = "get", hidden)]
    async fn title_by_code(&self, code: Path<TitleRef>) -> Result<LegacyResponse, Problem> {
        self.legacy.title(code.0.0.as_ref()).await
    }

    /// List years
    #[oai(path = "/years", method = "get", hidden)]
    async fn years(&self) -> Result<LegacyResponse, Problem> {
        self.legacy.years().await
    }

    /// List seasons
    #[oai(path = "/seasons", method = "get", hidden)]
    #[expect(clippy::unused_async, reason = "the framework takes asynchronous routes only")]
    async fn seasons(&self) -> Result<LegacyResponse, Problem> {
        Legacy::seasons()
    }

    /// Get the franchises of a title, or one franchise
    #[oai(path = "/franchise/:id", method = "get", hidden)]
    async fn franchise(&self, id: Path<FranchiseRef>) -> Result<LegacyResponse, Problem> {
        self.legacy.franchises(id.0.0).await
    }

    /// Get the team of a title
    #[oai(path = "/team/:id", method = "get", hidden)]
    async fn team(&self, id: Path<TitleRef>) -> Result<LegacyResponse, Problem> {
        self.legacy.team(id.0.0.as_ref()).await
    }

    /// Get the availability of the API
    #[oai(path = "/status", method = "get", hidden)]
    async fn status(&self) -> Result<LegacyResponse, Problem> {
        let available = self.legacy.health.report().await.status != HealthStatus::Unhealthy;
        LegacyResponse::without_envelope(&Availability { success: true, available })
            .map_err(Problem::internal)
    }

    /// Get the status of the local catalog
    #[oai(path = "/sync/stats", method = "get", hidden)]
    #[expect(clippy::unused_async, reason = "the framework takes asynchronous routes only")]
    async fn sync_stats(&self) -> Result<LegacyResponse, Problem> {
        self.legacy.sync_stats()
    }

    /// Get a title
    #[oai(path = "/:id", method = "get", hidden)]
    async fn title_at_root(&self, id: Path<TitleRef>) -> Result<LegacyResponse, Problem> {
        self.legacy.title(id.0.0.as_ref()).await
    }
}

impl LegacyApi {
    async fn sorted(&self, sort: Sort, page: u32, limit: u32) -> Result<LegacyResponse, Problem> {
        self.legacy.list(&ListQuery { sort: Some(sort), page, limit, ..ListQuery::default() }).await
    }
}
