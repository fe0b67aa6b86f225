//! Genres.

use serde::{Deserialize, Serialize};

use super::{GenreId, Image, wire};

/// A genre.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Genre {
    /// Id, stable.
    #[serde(deserialize_with = "wire::identity")]
    pub id: GenreId,
    /// Name in Russian.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub name: String,
    /// Number of releases with the genre. Missing inside a release.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub total_releases: Option<u32>,
    /// Picture of the genre.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub image: Option<Image>,
}
