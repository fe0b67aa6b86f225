//! Who shares most.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// How much a user has shared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SeedStats {
    /// Who.
    #[serde(deserialize_with = "wire::string")]
    pub user: String,
    /// How much was downloaded, in bytes.
    #[serde(deserialize_with = "wire::integer")]
    pub downloaded: u64,
    /// How much was uploaded, in bytes.
    #[serde(deserialize_with = "wire::integer")]
    pub uploaded: u64,
}
