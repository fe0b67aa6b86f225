//! Franchises.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Names;
use crate::{model::ReleaseId, v3::wire};

/// A franchise and its titles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Franchise {
    /// The franchise.
    #[serde(deserialize_with = "wire::object")]
    pub franchise: FranchiseName,
    /// Titles of the franchise, in order.
    #[serde(deserialize_with = "wire::list")]
    pub releases: Vec<FranchiseRelease>,
}

/// Id and name of a franchise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FranchiseName {
    /// Id of the franchise.
    #[serde(deserialize_with = "wire::uuid")]
    pub id: Option<Uuid>,
    /// Name of the franchise.
    #[serde(deserialize_with = "wire::string")]
    pub name: String,
}

/// A title in a franchise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FranchiseRelease {
    /// Id of the title.
    #[serde(deserialize_with = "wire::id::<_, _, u32>")]
    pub id: ReleaseId,
    /// Readable id of the title.
    #[serde(deserialize_with = "wire::string")]
    pub code: String,
    /// Position in the franchise.
    #[serde(deserialize_with = "wire::integer")]
    pub ordinal: i64,
    /// Names of the title.
    #[serde(deserialize_with = "wire::object")]
    pub names: Names,
}
