//! The routes `/updates`, `/popular` and `/random`, for the site's pages.

use anilibria_http::{
    envelope::{One, Page},
    params::Param,
    problem::Problem,
    rendered::Rendered,
};
use poem::http::Uri;
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
    /// List updated titles
    ///
    /// Returns one page of all titles, the one with the latest episode first. In lists, `player.episodes` is empty.
    #[oai(path = "/updates", method = "get", operation_id = "listUpdates")]
    async fn updates(
        &self,
        /// Number of the page, from 1.
        page: Param<PageNumber>,
        /// Maximum number of titles on a page.
        limit: Param<Limit>,
        uri: &Uri,
    ) -> Result<Rendered<Page<Title>>, Problem> {
        Ok(self.titles.updates(page.0.0, limit.0.0).await?.with_page_links(uri, page.0.0))
    }

    /// List popular titles
    ///
    /// Returns one page of all titles, in descending order of the number of users who have the title as a favourite. In lists,
    /// `player.episodes` is empty.
    #[oai(path = "/popular", method = "get", operation_id = "listPopular")]
    async fn popular(
        &self,
        /// Number of the page, from 1.
        page: Param<PageNumber>,
        /// Maximum number of titles on a page.
        limit: Param<Limit>,
        uri: &Uri,
    ) -> Result<Rendered<Page<Title>>, Problem> {
        Ok(self.titles.popular(page.0.0, limit.0.0).await?.with_page_links(uri, page.0.0))
    }

    /// Get a random title
    ///
    /// Returns a title that is chosen at random for each request, with its episodes. The choice is never cached; the data of the
    /// title may come from the cache.
    #[oai(path = "/random", method = "get", operation_id = "getRandomTitle")]
    async fn random(&self) -> Result<Rendered<One<Title>>, Problem> {
        self.titles.random().await
    }
}
