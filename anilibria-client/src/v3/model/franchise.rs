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
    /// Which one.
    #[serde(deserialize_with = "wire::object")]
    pub franchise: FranchiseName,
    /// Its titles, in order.
    #[serde(deserialize_with = "wire::list")]
    pub releases: Vec<FranchiseRelease>,
}

/// Which franchise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FranchiseName {
    /// Its id.
    #[serde(deserialize_with = "wire::uuid")]
    pub id: Option<Uuid>,
    /// Its name.
    #[serde(deserialize_with = "wire::string")]
    pub name: String,
}

/// A title as a franchise shows it.
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
    /// Where it stands.
    #[serde(deserialize_with = "wire::integer")]
    pub ordinal: i64,
    /// What it is called.
    #[serde(deserialize_with = "wire::object")]
    pub names: Names,
}
