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
    /// Status of the original broadcast of a release.
    pub enum PublishStatus {
        /// The original is still broadcast.
        Ongoing = "IS_ONGOING",
        /// The original has ended.
        NotOngoing = "IS_NOT_ONGOING",
    }
}

open_enum! {
    /// Status of the work of the team on a release.
    pub enum ProductionStatus {
        /// The team still works on the release.
        InProduction = "IS_IN_PRODUCTION",
        /// The team has finished the release.
        NotInProduction = "IS_NOT_IN_PRODUCTION",
    }
}

/// A value of a filter or a sort order, with the Russian texts that the service displays for the value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Reference<T> {
    /// The value.
    #[serde(deserialize_with = "wire::identity")]
    pub value: T,
    /// Short Russian text (`16+`). Available in some lists only.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "wire::or_default")]
    pub label: Option<String>,
    /// Russian text.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub description: Option<String>,
}
