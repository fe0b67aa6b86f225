//! Genres.

use serde::{Deserialize, Serialize};

use super::{GenreId, Image};

/// A genre.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Genre {
    /// Id, stable.
    pub id: GenreId,
    /// Name in Russian.
    #[serde(default, deserialize_with = "super::wire::or_default")]
    pub name: String,
    /// How many releases have it; absent inside of a release's reference list.
    #[serde(default)]
    pub total_releases: Option<u32>,
    /// A picture for the genre.
    #[serde(default)]
    pub image: Option<Image>,
}
