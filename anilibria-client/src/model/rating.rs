//! Ratings of releases.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::wire;

/// Votes of users of the site, from 1 to 10.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rating {
    /// Mean score; `None` before the first vote.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub average: Option<f64>,
    /// Number of votes.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub votes: u32,
    /// Number of votes for each score, by the score `"1"` to `"10"`.
    #[serde(default, deserialize_with = "wire::map")]
    pub distribution: BTreeMap<String, u32>,
}

/// Rating of a release on another site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExternalRating {
    /// Id on the other site.
    #[serde(deserialize_with = "wire::or_default")]
    pub id: Option<u64>,
    /// URL of the page on the other site.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
    /// Mean score on the other site, from 1 to 10.
    #[serde(deserialize_with = "wire::or_default")]
    pub rating: Option<f64>,
    /// Number of votes on the other site.
    #[serde(deserialize_with = "wire::or_default")]
    pub votes: Option<u32>,
}
