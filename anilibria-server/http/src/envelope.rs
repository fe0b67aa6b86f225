//! Envelopes of responses.
//!
//! [`One`] and [`Page`] document the output of [`crate::rendered`]. No code creates them: the data of a response are rendered
//! once and reused with a new `meta`.

use poem_openapi::{
    Enum, Object,
    types::{Example, ParseFromJSON, ToJSON},
};
use serde::Serialize;

use super::timestamp::Timestamp;
use crate::error_code::ErrorCode;

/// A response with one object, or with a list that has no pages.
#[derive(Clone, Debug, Object)]
pub struct One<T: ParseFromJSON + ToJSON> {
    /// Always `true`.
    pub success: bool,
    /// The requested object or list.
    pub data: T,
    /// Source and age of the data.
    pub meta: MetaBody,
}

/// A response with one page of a list.
#[derive(Clone, Debug, Object)]
pub struct Page<T: ParseFromJSON + ToJSON> {
    /// Always `true`.
    pub success: bool,
    /// Entries of the page.
    pub data: Vec<T>,
    /// Position of the page in the list.
    pub pagination: Pagination,
    /// Source and age of the data.
    pub meta: MetaBody,
}

/// Position of a page in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Object, Serialize)]
#[oai(example)]
pub struct Pagination {
    /// Number of the page, from 1.
    pub page: u32,
    /// Maximum number of entries of a page.
    pub limit: u32,
    /// Number of entries in the list.
    pub total: u64,
    /// Number of pages in the list; 0 if the list is empty.
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

/// Source and age of data.
#[derive(Clone, Copy, Debug, Object)]
#[oai(rename = "Meta")]
pub struct MetaBody {
    /// Service that the data come from.
    pub source: DataSource,
    /// `true` if the data come from the cache.
    pub cached: bool,
    /// Time at which the data become stale; in the past for stale data, `null` for data that are not cached.
    #[oai(nullable)]
    pub cache_expires: Option<Timestamp>,
    /// Level of the cache that the data come from; absent if the data were loaded for this request.
    #[oai(skip_serializing_if_is_none)]
    pub cache_level: Option<CacheLevel>,
    /// `true` if the data are stale because newer data could not be loaded in time; absent otherwise.
    #[oai(skip_serializing_if_is_none)]
    pub stale: Option<bool>,
}

/// Service that data come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "Origin", rename_all = "lowercase")]
pub enum DataSource {
    /// AniLibria.
    Anilibria,
    /// The site's Node service, as a fallback for AniLibria.
    Nodejs,
}

impl DataSource {
    /// Returns the name of the service on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anilibria => "anilibria",
            Self::Nodejs => "nodejs",
        }
    }
}

/// A level of the cache: `memory` of the process, `redis` for all instances, or `database` (MongoDB or the disk).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum CacheLevel {
    /// Memory of the process that sent the response.
    Memory,
    /// Redis, shared by all instances.
    Redis,
    /// MongoDB or the disk, which outlive the instances.
    Database,
}

impl CacheLevel {
    /// Returns the level with this name on the wire.
    pub fn from_name(name: &str) -> Option<Self> {
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

/// Body of an error response.
#[derive(Clone, Debug, Object, Serialize)]
#[oai(rename = "Error")]
pub struct ErrorBody {
    /// Always `false`.
    pub success: bool,
    /// Code, message and details of the error.
    pub error: ErrorDetails,
    /// Time of the error.
    pub timestamp: Timestamp,
    /// Id of the request, as in the response header `X-Request-ID`.
    pub request_id: String,
}

/// Code, message and details of an error.
#[derive(Clone, Debug, Object, Serialize)]
pub struct ErrorDetails {
    /// Machine-readable code.
    pub code: ErrorCode,
    /// Message in Russian for the users of a site; in English for errors of service tokens.
    pub message: String,
    /// Details of the error. Their fields depend on the code; an object without fields for some codes.
    pub details: ErrorContext,
}

/// Details of an error. The code decides which fields are present.
#[derive(Clone, Debug, Default, PartialEq, Eq, Object, Serialize)]
#[oai(skip_serializing_if_is_none)]
pub struct ErrorContext {
    /// `INVALID_PARAMETERS`: name of the parameter or header, or path of the field in the body, such as `items[2].id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Reason for the error, in English. `INVALID_PARAMETERS`: error in the value. `UPSTREAM_ERROR`: failure of AniLibria.
    /// `SERVICE_UNAVAILABLE`: only if the catalog is not loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `TITLE_NOT_FOUND`: id of the requested title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_id: Option<u32>,
    /// `TITLE_NOT_FOUND`: sources that were searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched_sources: Option<Vec<SearchedSource>>,
    /// `PAYLOAD_TOO_LARGE`, `URI_TOO_LONG`, `HEADERS_TOO_LARGE`: limit of the size, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Source that was searched for a title: the cache, AniLibria's API, or the database.
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
