//! The routes `/titles` and `/titles/{id}`: the catalog, and single titles.

use anilibria_http::{
    envelope::{One, Page},
    params::{Param, Path},
    problem::Problem,
    rendered::Rendered,
};
use poem::http::Uri;
use poem_openapi::OpenApi;

use super::Tag;
use crate::{
    node::CallerHeaders,
    titles::{
        ListQuery, Titles,
        model::title::{Season, Title, TitleStatus},
        params::{ExternalIds, Genres, Limit, Order, PageNumber, Search, Sort, TitleId, Year},
    },
};

/// Routes `/titles` and `/titles/{id}`.
#[derive(Clone)]
pub struct TitlesApi {
    pub(super) titles: Titles,
}

#[expect(clippy::too_many_arguments, reason = "one for each parameter the contract has")]
#[OpenApi(prefix_path = "/titles", tag = "Tag::Titles")]
impl TitlesApi {
    /// List titles
    ///
    /// Returns one page of the titles that match all given filters, or of all titles without filters. In lists,
    /// `player.episodes` is empty.
    #[oai(path = "/", method = "get", operation_id = "listTitles")]
    async fn list(
        &self,
        /// Number of the page, from 1.
        page: Param<PageNumber>,
        /// Maximum number of titles on a page.
        limit: Param<Limit>,
        /// Text that one of the names of a title must contain, 2 to 100 characters.
        search: Param<Search>,
        /// Year of the first broadcast.
        year: Param<Year>,
        /// Season of the first broadcast.
        season: Param<Option<Season>>,
        /// Names of genres; a title must have all of them. Repeat the parameter (`genres` or `genres[]`), or separate the names
        /// with commas. The list is empty if a genre does not exist.
        genres: Param<Genres>,
        /// Ids on MyAnimeList; a title must have one of them. Repeat the parameter, or separate the ids with commas. The status
        /// is 503 until the service has loaded the catalog.
        mal_id: Param<ExternalIds>,
        /// Ids on Shikimori; a title must have one of them. Repeat the parameter, or separate the ids with commas. The status is
        /// 503 until the service has loaded the catalog.
        shikimori_id: Param<ExternalIds>,
        /// Status of the title.
        status: Param<Option<TitleStatus>>,
        /// Field to sort by. Titles with the same value are sorted by id, newest first.
        sort: Param<Sort>,
        /// Direction to sort in: `asc` for ascending, `desc` for descending.
        order: Param<Order>,
        uri: &Uri,
    ) -> Result<Rendered<Page<Title>>, Problem> {
        let query = ListQuery {
            page: page.0.0,
            limit: limit.0.0,
            search: search.0.0,
            year: year.0.0,
            season: season.0,
            genres: genres.0.0,
            mal_ids: mal_id.0.0,
            shikimori_ids: shikimori_id.0.0,
            status: status.0,
            sort: sort.0,
            order: order.0,
        };
        Ok(self.titles.list(&query).await?.with_page_links(uri, query.page))
    }

    /// Get a title
    ///
    /// Returns a title with all its episodes and their streams. If AniLibria fails and neither the cache nor the local catalog
    /// has the title, the title may come from the site's Node service. `meta.source` is `nodejs` in that case. Requests with the
    /// header `X-Fallback` never get a title from the Node service.
    #[oai(path = "/:id", method = "get", operation_id = "getTitle")]
    async fn get(
        &self,
        /// AniLibria's id of the title.
        id: Path<TitleId>,
        caller: CallerHeaders,
    ) -> Result<Rendered<One<Title>>, Problem> {
        self.titles.get(id.0.0, &caller).await
    }
}
