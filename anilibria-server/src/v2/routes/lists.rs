//! The routes `/updates`, `/popular` and `/random`, for the site's pages.

use anilibria_http::{
    envelope::{One, Page},
    params::Param,
    problem::Problem,
    rendered::Rendered,
};
use poem_openapi::OpenApi;

use super::Tag;
use crate::titles::{
    Titles,
    model::title::Title,
    params::{Limit, PageNumber},
};

/// Routes `/updates`, `/popular` and `/random`.
#[derive(Clone)]
pub struct ListsApi {
    pub(super) titles: Titles,
}

#[OpenApi(tag = "Tag::Lists")]
impl ListsApi {
    /// Latest updates
    ///
    /// All titles, the one whose episode came out last first.
    #[oai(path = "/updates", method = "get", operation_id = "listUpdates")]
    async fn updates(
        &self,
        /// Number of the page.
        page: Param<PageNumber>,
        /// Entries a page.
        limit: Param<Limit>,
    ) -> Result<Rendered<Page<Title>>, Problem> {
        self.titles.updates(page.0.0, limit.0.0).await
    }

    /// Most popular titles
    ///
    /// All titles, the one most users like first.
    #[oai(path = "/popular", method = "get", operation_id = "listPopular")]
    async fn popular(
        &self,
        /// Number of the page.
        page: Param<PageNumber>,
        /// Entries a page.
        limit: Param<Limit>,
    ) -> Result<Rendered<Page<Title>>, Problem> {
        self.titles.popular(page.0.0, limit.0.0).await
    }

    /// A random title
    ///
    /// Another one each time: the choice is never cached, though what is told of the title may be.
    #[oai(path = "/random", method = "get", operation_id = "getRandomTitle")]
    async fn random(&self) -> Result<Rendered<One<Title>>, Problem> {
        self.titles.random().await
    }
}
