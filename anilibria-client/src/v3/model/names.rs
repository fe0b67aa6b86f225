//! Names of titles.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// Names of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Names {
    /// Name in Russian.
    #[serde(deserialize_with = "wire::string")]
    pub ru: String,
    /// Name in English or in Latin letters.
    #[serde(deserialize_with = "wire::optional_string")]
    pub en: Option<String>,
    /// Another name.
    #[serde(deserialize_with = "wire::optional_string")]
    pub alternative: Option<String>,
}
