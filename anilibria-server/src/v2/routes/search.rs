//! The route `/search`: titles by name.

use anilibria_http::{envelope::Page, params::Param, problem::Problem, rendered::Rendered};
use poem::http::Uri;
use poem_openapi::OpenApi;

use super::Tag;
use crate::titles::{
    SearchQuery, Titles,
    model::title::Title,
    params::{Fuzzy, Limit, PageNumber, Query},
};

/// Route `/search`.
#[derive(Clone)]
pub struct SearchApi {
    pub(super) titles: Titles,
}

#[OpenApi(prefix_path = "/search", tag = "Tag::Titles")]
impl SearchApi {
    /// Search titles
    ///
    /// Searches the names of all titles, in all languages, and returns one page of the matches, best match first. In lists,
    /// `player.episodes` is empty.
    #[oai(path = "/", method = "get", operation_id = "searchTitles")]
    async fn search(
        &self,
        /// Text to search for, 2 to 100 characters.
        q: Param<Query>,
        /// Number of the page, from 1.
        page: Param<PageNumber>,
        /// Maximum number of titles on a page.
        limit: Param<Limit>,
        /// `true` also finds names that differ from the text by a few letters.
        fuzzy: Param<Fuzzy>,
        uri: &Uri,
    ) -> Result<Rendered<Page<Title>>, Problem> {
        let query = SearchQuery { text: q.0.0, page: page.0.0, limit: limit.0.0, fuzzy: fuzzy.0.0 };
        Ok(self.titles.search(&query).await?.with_page_links(uri, query.page))
    }
}
