//! Franchises: groups of related releases.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{FranchiseId, Image, Release, ReleaseId, wire};

/// A group of related releases: seasons, films and extras.
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
    /// Picture.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub image: Option<Image>,
    /// Mean score, from 1 to 10.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub rating: Option<f64>,
    /// Year of the first release.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub first_year: Option<u16>,
    /// Year of the last release.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub last_year: Option<u16>,
    /// Number of releases.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub total_releases: Option<u32>,
    /// Number of episodes of all releases.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub total_episodes: Option<u32>,
    /// Total duration as Russian text.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub total_duration: Option<String>,
    /// Total duration.
    #[serde(default, rename = "total_duration_in_seconds", with = "wire::seconds")]
    pub total_time: Option<Duration>,
    /// The releases in display order. Missing in lists of franchises.
    #[serde(default, deserialize_with = "wire::optional_list")]
    pub franchise_releases: Option<Vec<FranchiseRelease>>,
}

/// The position of a release in a franchise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FranchiseRelease {
    /// Id of the position.
    #[serde(deserialize_with = "wire::identity")]
    pub id: String,
    /// Id of the franchise.
    #[serde(deserialize_with = "wire::or_default")]
    pub franchise_id: Option<FranchiseId>,
    /// Id of the release.
    #[serde(deserialize_with = "wire::identity")]
    pub release_id: ReleaseId,
    /// Display position. Films are placed between seasons, so it is not a season number.
    #[serde(deserialize_with = "wire::or_default")]
    pub sort_order: Option<i64>,
    /// The release.
    #[serde(deserialize_with = "wire::or_default")]
    pub release: Option<Release>,
}
