//! What the lists are asked for, already checked.

use crate::titles::{
    model::title::{Season, TitleStatus},
    params::{DEFAULT_LIMIT, Order, Sort},
};

/// What `/titles` is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// Number of the page, from 1.
    pub page: u32,
    /// Entries a page, 1 to 100.
    pub limit: u32,
    /// Text to filter by, 2 to 100 characters.
    pub search: Option<String>,
    /// Year to filter by.
    pub year: Option<i32>,
    /// Season to filter by.
    pub season: Option<Season>,
    /// Names of genres, all of which a title must have; without repeats, at most 50.
    pub genres: Vec<String>,
    /// Status to filter by.
    pub status: Option<TitleStatus>,
    /// What to sort by.
    pub sort: Sort,
    /// Which end comes first.
    pub order: Order,
}

impl Default for ListQuery {
    /// What is meant when nothing is asked for: the first page of all titles.
    fn default() -> Self {
        Self {
            page: 1,
            limit: DEFAULT_LIMIT,
            search: None,
            year: None,
            season: None,
            genres: Vec::new(),
            status: None,
            sort: Sort::default(),
            order: Order::default(),
        }
    }
}

/// What `/search` is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// Text to search for, 2 to 100 characters.
    pub text: String,
    /// Number of the page, from 1.
    pub page: u32,
    /// Entries a page, 1 to 100.
    pub limit: u32,
    /// Whether misspelt words are found too.
    pub fuzzy: bool,
}
