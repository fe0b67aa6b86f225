//! What viewers think of a release.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::wire;

/// Votes on the site itself, from 1 to 10.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rating {
    /// The mean; `None` before the first vote.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub average: Option<f64>,
    /// How many voted.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub votes: u32,
    /// How many gave each score, by the score `"1"` to `"10"`.
    #[serde(default, deserialize_with = "wire::map")]
    pub distribution: BTreeMap<String, u32>,
}

/// A release on another site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExternalRating {
    /// Its id there.
    #[serde(deserialize_with = "wire::or_default")]
    pub id: Option<u64>,
    /// Its page there.
    #[serde(deserialize_with = "wire::or_default")]
    pub url: Option<String>,
    /// Its mean score there, from 1 to 10.
    #[serde(deserialize_with = "wire::or_default")]
    pub rating: Option<f64>,
    /// How many voted there.
    #[serde(deserialize_with = "wire::or_default")]
    pub votes: Option<u32>,
}
