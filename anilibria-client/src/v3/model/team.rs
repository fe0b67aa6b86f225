//! Who works on titles.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// Nicknames of those who work on a title, or on all of them, by what they do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Team {
    /// Dubbing.
    #[serde(deserialize_with = "wire::strings")]
    pub voice: Vec<String>,
    /// Translation.
    #[serde(deserialize_with = "wire::strings")]
    pub translator: Vec<String>,
    /// Subtitles.
    #[serde(deserialize_with = "wire::strings")]
    pub editing: Vec<String>,
    /// Decoration.
    #[serde(deserialize_with = "wire::strings")]
    pub decor: Vec<String>,
    /// Timing.
    #[serde(deserialize_with = "wire::strings")]
    pub timing: Vec<String>,
}
