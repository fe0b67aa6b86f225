//! The routes `/titles` and `/titles/{id}`: the catalogue, and single titles.

use anilibria_http::{
    envelope::{One, Page},
    params::{Param, Path},
    problem::Problem,
    rendered::Rendered,
};
use poem_openapi::OpenApi;

use super::Tag;
use crate::{
    node::Asker,
    titles::{
        ListQuery, Titles,
        model::title::{Season, Title, TitleStatus},
        params::{Genres, Limit, Order, PageNumber, Search, Sort, TitleId, Year},
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
    /// Titles that match filters
    ///
    /// A page of the catalogue. Filters narrow it down together; without any it is the whole catalogue. In lists
    /// `player.episodes` is empty.
    #[oai(path = "/", method = "get", operation_id = "listTitles")]
    async fn list(
        &self,
        /// Number of the page.
        page: Param<PageNumber>,
        /// Entries a page.
        limit: Param<Limit>,
        /// Text that a name must contain.
        search: Param<Search>,
        /// Year of the first showing.
        year: Param<Year>,
        /// Season of the first showing.
        season: Param<Option<Season>>,
        /// Genres a title must have, all of them: repeat the key, as `genres` or `genres[]`, or put commas between. A
        /// genre that does not exist gives an empty list.
        genres: Param<Genres>,
        /// How far a title has come.
        status: Param<Option<TitleStatus>>,
        /// What to sort by.
        sort: Param<Sort>,
        /// Which end comes first.
        order: Param<Order>,
    ) -> Result<Rendered<Page<Title>>, Problem> {
        let query = ListQuery {
            page: page.0.0,
            limit: limit.0.0,
            search: search.0.0,
            year: year.0.0,
            season: season.0,
            genres: genres.0.0,
            status: status.0,
            sort: sort.0,
            order: order.0,
        };
        self.titles.list(&query).await
    }

    /// One title
    ///
    /// A title with all its episodes and where to stream them from. When AniLibria fails and nothing is kept, it may come
    /// from the site's Node service, as `meta.source` tells, but not if the request has the header `X-Fallback`.
    #[oai(path = "/:id", method = "get", operation_id = "getTitle")]
    async fn get(
        &self,
        /// AniLibria's id of the title.
        id: Path<TitleId>,
        asker: Asker,
    ) -> Result<Rendered<One<Title>>, Problem> {
        self.titles.get(id.0.0, &asker).await
    }
}
