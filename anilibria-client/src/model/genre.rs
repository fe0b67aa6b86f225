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
    /// How many releases have it; absent inside of a release's reference list.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub total_releases: Option<u32>,
    /// A picture for the genre.
    #[serde(default, deserialize_with = "wire::or_default")]
    pub image: Option<Image>,
}
