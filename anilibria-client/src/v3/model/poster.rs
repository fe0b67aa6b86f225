//! Posters.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// A poster in three sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Posters {
    /// Size for a row in a list.
    #[serde(deserialize_with = "wire::object")]
    pub small: Poster,
    /// Size for a card.
    #[serde(deserialize_with = "wire::object")]
    pub medium: Poster,
    /// The largest size.
    #[serde(deserialize_with = "wire::object")]
    pub original: Poster,
}

/// One size of a poster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Poster {
    /// Path of the picture on the site.
    #[serde(deserialize_with = "wire::optional_string")]
    pub url: Option<String>,
    /// The picture in base64, if it was included.
    #[serde(deserialize_with = "wire::optional_string")]
    pub raw_base64_file: Option<String>,
}
