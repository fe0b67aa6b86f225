//! Filters and sort orders of the catalog.

use serde::{Deserialize, Serialize};

use super::wire;

open_enum! {
    /// Sort order of the catalog.
    pub enum CatalogSorting {
        /// By the time of the last episode, newest first.
        FreshAtDesc = "FRESH_AT_DESC",
        /// By the time of the last episode, oldest first.
        FreshAtAsc = "FRESH_AT_ASC",
        /// By rating, highest first.
        RatingDesc = "RATING_DESC",
        /// By rating, lowest first.
        RatingAsc = "RATING_ASC",
        /// By year, newest first.
        YearDesc = "YEAR_DESC",
        /// By year, oldest first.
        YearAsc = "YEAR_ASC",
    }
}

open_enum! {
    /// Status of the original broadcast.
    pub enum PublishStatus {
        /// It is.
        Ongoing = "IS_ONGOING",
        /// It is not.
        NotOngoing = "IS_NOT_ONGOING",
    }
}

open_enum! {
    /// Status of the work of the team.
    pub enum ProductionStatus {
        /// It is.
        InProduction = "IS_IN_PRODUCTION",
        /// It is not.
        NotInProduction = "IS_NOT_IN_PRODUCTION",
    }
}

/// A value for filters or sorting, with the Russian texts of the service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Reference<T> {
    /// The value.
    #[serde(deserialize_with = "wire::identity")]
    pub value: T,
    /// Short text (`16+`). Available in some lists only.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "wire::or_default")]
    pub label: Option<String>,
    /// Text.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub description: Option<String>,
}
