//! Members of the team.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// Nicknames of the members who worked on a title, or on all titles, by role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Team {
    /// Voice actors.
    #[serde(deserialize_with = "wire::strings")]
    pub voice: Vec<String>,
    /// Translators.
    #[serde(deserialize_with = "wire::strings")]
    pub translator: Vec<String>,
    /// Subtitle editors.
    #[serde(deserialize_with = "wire::strings")]
    pub editing: Vec<String>,
    /// Designers.
    #[serde(deserialize_with = "wire::strings")]
    pub decor: Vec<String>,
    /// Timing editors.
    #[serde(deserialize_with = "wire::strings")]
    pub timing: Vec<String>,
}
