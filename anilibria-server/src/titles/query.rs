//! Validated queries of lists.

use crate::titles::{
    model::title::{Season, TitleStatus},
    params::{DEFAULT_LIMIT, Order, Sort},
};

/// Query of `/titles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// Number of the page, from 1.
    pub page: u32,
    /// Entries per page, 1 to 100.
    pub limit: u32,
    /// Text to filter by, 2 to 100 characters.
    pub search: Option<String>,
    /// Year to filter by.
    pub year: Option<i32>,
    /// Season to filter by.
    pub season: Option<Season>,
    /// Names of genres, all of which a title must have; without repeats, at most 50.
    pub genres: Vec<String>,
    /// Ids on MyAnimeList, one of which a title must have; without repeats, at most 50.
    pub mal_ids: Vec<u64>,
    /// Ids on Shikimori, one of which a title must have; without repeats, at most 50.
    pub shikimori_ids: Vec<u64>,
    /// Status to filter by.
    pub status: Option<TitleStatus>,
    /// Sort field.
    pub sort: Sort,
    /// Sort direction.
    pub order: Order,
}

impl ListQuery {
    /// True if the query filters by ids of other services, which only the local catalog can do.
    pub fn needs_catalog(&self) -> bool {
        !self.mal_ids.is_empty() || !self.shikimori_ids.is_empty()
    }
}

impl Default for ListQuery {
    /// Returns the query for the first page of all titles.
    fn default() -> Self {
        Self {
            page: 1,
            limit: DEFAULT_LIMIT,
            search: None,
            year: None,
            season: None,
            genres: Vec::new(),
            mal_ids: Vec::new(),
            shikimori_ids: Vec::new(),
            status: None,
            sort: Sort::default(),
            order: Order::default(),
        }
    }
}

/// Query of `/search`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// Text to search for, 2 to 100 characters.
    pub text: String,
    /// Number of the page, from 1.
    pub page: u32,
    /// Entries per page, 1 to 100.
    pub limit: u32,
    /// True if misspelt words match too.
    pub fuzzy: bool,
}
