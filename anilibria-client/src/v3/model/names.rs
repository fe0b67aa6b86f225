//! What a title is called.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// What a title is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Names {
    /// In Russian.
    #[serde(deserialize_with = "wire::string")]
    pub ru: String,
    /// In English or in Latin letters.
    #[serde(deserialize_with = "wire::optional_string")]
    pub en: Option<String>,
    /// Another name.
    #[serde(deserialize_with = "wire::optional_string")]
    pub alternative: Option<String>,
}
