//! Filters and orders of the catalog.

use serde::{Deserialize, Serialize};

use super::wire;

open_enum! {
    /// The order of the catalog.
    pub enum CatalogSorting {
        /// Last updated first.
        FreshAtDesc = "FRESH_AT_DESC",
        /// Last updated last.
        FreshAtAsc = "FRESH_AT_ASC",
        /// Highest rated first.
        RatingDesc = "RATING_DESC",
        /// Highest rated last.
        RatingAsc = "RATING_ASC",
        /// Newest year first.
        YearDesc = "YEAR_DESC",
        /// Newest year last.
        YearAsc = "YEAR_ASC",
    }
}

open_enum! {
    /// Whether the original is still coming out.
    pub enum PublishStatus {
        /// It is.
        Ongoing = "IS_ONGOING",
        /// It is not.
        NotOngoing = "IS_NOT_ONGOING",
    }
}

open_enum! {
    /// Whether the team is still working on it.
    pub enum ProductionStatus {
        /// It is.
        InProduction = "IS_IN_PRODUCTION",
        /// It is not.
        NotInProduction = "IS_NOT_IN_PRODUCTION",
    }
}

/// A value that the catalog can be filtered or sorted by, with the service's Russian texts for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Reference<T> {
    /// The value.
    #[serde(deserialize_with = "wire::identity")]
    pub value: T,
    /// A short text (`16+`); only some lists have it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "wire::or_default")]
    pub label: Option<String>,
    /// A text.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub description: Option<String>,
}
