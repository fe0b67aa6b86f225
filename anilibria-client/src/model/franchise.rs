//! Franchises: releases that belong together.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{FranchiseId, Image, Release, ReleaseId, wire};

/// Releases that belong together: seasons, films, extras.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Franchise {
    /// Id, stable.
    #[serde(deserialize_with = "wire::identity")]
    pub id: FranchiseId,
    /// Name in Russian.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub name: String,
    /// Name in Latin letters.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub name_english: Option<String>,
    /// A picture.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub image: Option<Image>,
    /// The mean score, from 1 to 10.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub rating: Option<f64>,
    /// The year of its first release.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub first_year: Option<u16>,
    /// The year of its last release.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub last_year: Option<u16>,
    /// How many releases it has.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub total_releases: Option<u32>,
    /// How many episodes they have together.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub total_episodes: Option<u32>,
    /// How long they are together, in Russian words.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub total_duration: Option<String>,
    /// How long they are together.
    #[serde(default, rename = "total_duration_in_seconds", with = "wire::seconds")]
    pub total_time: Option<Duration>,
    /// The releases in the order to show them; not in lists of franchises.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub franchise_releases: Option<Vec<FranchiseRelease>>,
}

/// The place of a release in a franchise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FranchiseRelease {
    /// Id of the place.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// The franchise.
    #[serde(deserialize_with = "wire::or_default")]
    pub franchise_id: Option<FranchiseId>,
    /// The release.
    #[serde(deserialize_with = "wire::identity")]
    pub release_id: ReleaseId,
    /// The order of display; films stand between seasons, so it is no season number.
    #[serde(deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
    /// The release itself.
    #[serde(deserialize_with = "wire::or_default")]
    pub release: Option<Release>,
}
