//! The routes of version 1.

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
    answer::Answer,
    params::{AnyText, FranchiseRef, KindWord, SeasonWord, TitleRef},
    service::Legacy,
};
use crate::{
    health::report::HealthStatus,
    titles::params::{Days, Genres, Limit, LimitOr, PageNumber, Query, Search, Year},
};

/// Routes that read.
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
        let SeasonWord(season) = read(request, "season")?;
        let Genres(genres) = read(request, "genres")?;
        let KindWord(kind) = read(request, "type")?;
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
    /// Most popular titles
    #[oai(path = "/popular", method = "get", hidden)]
    async fn popular(&self, page: Param<PageNumber>, limit: Param<LimitOr<50>>) -> Result<Answer, Problem> {
        self.sorted(Sort::Favorites, page.0.0, limit.0.0).await
    }

    /// Latest updates
    #[oai(path = "/updates", method = "get", hidden)]
    async fn updates(&self, page: Param<PageNumber>, limit: Param<LimitOr<12>>) -> Result<Answer, Problem> {
        self.sorted(Sort::Updated, page.0.0, limit.0.0).await
    }

    /// Titles by name
    #[oai(path = "/search", method = "get", hidden)]
    async fn search(&self, search: Param<Query>, filters: Filters) -> Result<Answer, Problem> {
        self.legacy.list(&ListQuery { text: Some(search.0.0), ..filters.0 }).await
    }

    /// Titles by name, one character being enough
    #[oai(path = "/search/fallback", method = "get", hidden)]
    async fn search_fallback(&self, query: Param<AnyText>, filters: Filters) -> Result<Answer, Problem> {
        let query = ListQuery { text: Some(query.0.0), tells_source: true, ..filters.0 };
        self.legacy.list(&query).await
    }

    /// Random titles
    #[oai(path = "/random", method = "get", hidden)]
    async fn random(&self, limit: Param<LimitOr<1>>) -> Result<Answer, Problem> {
        self.legacy.random(limit.0.0).await
    }

    /// All genres
    #[oai(path = "/genres", method = "get", hidden)]
    async fn genres(&self) -> Result<Answer, Problem> {
        self.legacy.genres().await
    }

    /// The week's schedule
    #[oai(path = "/schedule", method = "get", hidden)]
    async fn schedule(&self, days: Param<Days>) -> Result<Answer, Problem> {
        self.legacy.schedule(&days.0.0).await
    }

    /// Newest videos
    #[oai(path = "/youtube", method = "get", hidden)]
    async fn videos(&self, limit: Param<LimitOr<5>>) -> Result<Answer, Problem> {
        self.legacy.videos(limit.0.0).await
    }

    /// The catalog
    #[oai(path = "/titles", method = "get", hidden)]
    async fn titles(&self, search: Param<Search>, filters: Filters) -> Result<Answer, Problem> {
        let query = ListQuery { sort: Some(Sort::Id), text: search.0.0, ..filters.0 };
        self.legacy.list(&query).await
    }

    /// One title
    #[oai(path = "/titles/:id", method = "get", hidden)]
    async fn title(&self, id: Path<TitleRef>) -> Result<Answer, Problem> {
        self.legacy.title(id.0.0.as_ref()).await
    }

    /// One title by its readable id
    #[oai(path = "/titles/code/:code", method = "get", hidden)]
    async fn title_by_code(&self, code: Path<TitleRef>) -> Result<Answer, Problem> {
        self.legacy.title(code.0.0.as_ref()).await
    }

    /// Years
    #[oai(path = "/years", method = "get", hidden)]
    async fn years(&self) -> Result<Answer, Problem> {
        self.legacy.years().await
    }

    /// Seasons
    #[oai(path = "/seasons", method = "get", hidden)]
    #[expect(clippy::unused_async, reason = "the framework takes asynchronous routes only")]
    async fn seasons(&self) -> Result<Answer, Problem> {
        Legacy::seasons()
    }

    /// Franchises of a title, or one franchise
    #[oai(path = "/franchise/:id", method = "get", hidden)]
    async fn franchise(&self, id: Path<FranchiseRef>) -> Result<Answer, Problem> {
        self.legacy.franchises(id.0.0).await
    }

    /// Who worked on a title
    #[oai(path = "/team/:id", method = "get", hidden)]
    async fn team(&self, id: Path<TitleRef>) -> Result<Answer, Problem> {
        self.legacy.team(id.0.0.as_ref()).await
    }

    /// Whether the API can be asked
    #[oai(path = "/status", method = "get", hidden)]
    async fn status(&self) -> Result<Answer, Problem> {
        let available = self.legacy.health.report().await.status != HealthStatus::Unhealthy;
        Answer::bare(&Availability { success: true, available }).map_err(Problem::internal)
    }

    /// How the catalog is mirrored
    #[oai(path = "/sync/stats", method = "get", hidden)]
    #[expect(clippy::unused_async, reason = "the framework takes asynchronous routes only")]
    async fn sync_stats(&self) -> Result<Answer, Problem> {
        self.legacy.sync_stats()
    }

    /// One title
    #[oai(path = "/:id", method = "get", hidden)]
    async fn any(&self, id: Path<TitleRef>) -> Result<Answer, Problem> {
        self.legacy.title(id.0.0.as_ref()).await
    }
}

impl LegacyApi {
    async fn sorted(&self, sort: Sort, page: u32, limit: u32) -> Result<Answer, Problem> {
        self.legacy.list(&ListQuery { sort: Some(sort), page, limit, ..ListQuery::default() }).await
    }
}
