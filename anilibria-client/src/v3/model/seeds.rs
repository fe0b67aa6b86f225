//! Seeding statistics of users.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// Transferred data of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SeedStats {
    /// Name of the user.
    #[serde(deserialize_with = "wire::string")]
    pub user: String,
    /// Downloaded bytes.
    #[serde(deserialize_with = "wire::integer")]
    pub downloaded: u64,
    /// Uploaded bytes.
    #[serde(deserialize_with = "wire::integer")]
    pub uploaded: u64,
}
