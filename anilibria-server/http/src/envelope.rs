//! Envelopes of the answers.
//!
//! [`One`] and [`Page`] document the output of [`crate::rendered`]. No code creates them: the data of an answer are rendered
//! once and reused with a new `meta`.

use poem_openapi::{
    Enum, Object,
    types::{Example, ParseFromJSON, ToJSON},
};
use serde::Serialize;

use super::timestamp::Timestamp;
use crate::error_code::ErrorCode;

/// An answer that holds one thing.
#[derive(Clone, Debug, Object)]
pub struct One<T: ParseFromJSON + ToJSON> {
    /// Always `true`.
    pub success: bool,
    /// What was asked for.
    pub data: T,
    /// Where the data come from and how old they may be.
    pub meta: MetaBody,
}

/// An answer that holds one page of a list.
#[derive(Clone, Debug, Object)]
pub struct Page<T: ParseFromJSON + ToJSON> {
    /// Always `true`.
    pub success: bool,
    /// The entries of this page.
    pub data: Vec<T>,
    /// Where this page lies in the list.
    pub pagination: Pagination,
    /// Where the data come from and how old they may be.
    pub meta: MetaBody,
}

/// Where a page lies in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Object, Serialize)]
#[oai(example)]
pub struct Pagination {
    /// Number of this page, from 1.
    pub page: u32,
    /// How many entries a page has at most.
    pub limit: u32,
    /// How many entries the list has.
    pub total: u64,
    /// How many pages the list has.
    pub pages: u64,
}

impl Pagination {
    /// Creates the pagination of page `page` in a list of `total` entries, with at most `limit` entries a page.
    pub fn new(page: u32, limit: u32, total: u64) -> Self {
        Self { page, limit, total, pages: total.div_ceil(u64::from(limit.max(1))) }
    }
}

impl Example for Pagination {
    fn example() -> Self {
        Self::new(1, 20, 31)
    }
}

/// Where data come from and how old they may be.
#[derive(Clone, Copy, Debug, Object)]
#[oai(rename = "Meta")]
pub struct MetaBody {
    /// Which service the data come from.
    pub source: Origin,
    /// Whether a cache answered.
    pub cached: bool,
    /// Until when the level that answered takes the data for fresh, or the nearest one when they were just loaded; in the
    /// past when they are stale, `null` when they are not cached.
    #[oai(nullable)]
    pub cache_expires: Option<Timestamp>,
    /// Which level of the cache answered, if one did.
    #[oai(skip_serializing_if_is_none)]
    pub cache_level: Option<CacheLevel>,
    /// `true` when the data are past their time, because newer ones could not be had, or not soon; else absent.
    #[oai(skip_serializing_if_is_none)]
    pub stale: Option<bool>,
}

/// Which service data come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Origin {
    /// AniLibria.
    Anilibria,
    /// The site's Node service, in AniLibria's stead.
    Nodejs,
}

impl Origin {
    /// Returns the name of the service on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anilibria => "anilibria",
            Self::Nodejs => "nodejs",
        }
    }
}

/// A level of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum CacheLevel {
    /// Memory of the process that answered.
    Memory,
    /// Redis, shared by all instances.
    Redis,
    /// MongoDB or the disk, which outlive the instances.
    Database,
}

impl CacheLevel {
    /// Returns the level with this name on the wire.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Memory, Self::Redis, Self::Database].into_iter().find(|level| level.as_str() == name)
    }

    /// Returns the name of the level on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
            Self::Database => "database",
        }
    }
}

/// The envelope of every error.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(rename = "Error")]
pub struct ErrorBody {
    /// Always `false`.
    pub success: bool,
    /// What went wrong.
    pub error: ErrorDetails,
    /// When it went wrong.
    pub timestamp: Timestamp,
    /// Id of the request, the same as in the header `X-Request-ID`.
    pub request_id: String,
}

/// What went wrong.
#[derive(Clone, Debug, Object, Serialize)]
pub struct ErrorDetails {
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// What went wrong, for people, in Russian.
    pub message: String,
    /// More about it, depending on the code; may be empty.
    pub details: ErrorContext,
}

/// More about an error: which of these there are depends on its code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct ErrorContext {
    /// `INVALID_PARAMETERS`: the parameter that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `INVALID_PARAMETERS`: what is wrong with it; `UPSTREAM_ERROR`: what was wrong with AniLibria. In English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `TITLE_NOT_FOUND`: the id that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_id: Option<u32>,
    /// `TITLE_NOT_FOUND`: where it was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched_sources: Option<Vec<SearchedSource>>,
    /// `PAYLOAD_TOO_LARGE`, `URI_TOO_LONG`, `HEADERS_TOO_LARGE`: the limit, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// A place in which a title is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum SearchedSource {
    /// The cache.
    Cache,
    /// AniLibria's API.
    Api,
    /// The database.
    Database,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_page_may_be_partly_filled() {
        let pagination = Pagination::new(2, 10, 31);

        assert_eq!(pagination.pages, 4);
    }

    #[test]
    fn empty_list_has_no_pages() {
        let pagination = Pagination::new(1, 20, 0);

        assert_eq!(pagination.pages, 0);
    }
}
