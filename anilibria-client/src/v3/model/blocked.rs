//! Whether a title may be watched.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// Whether a title may be watched, in the words of early and of late v3 services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the keys of v3")]
#[non_exhaustive]
pub struct Blocked {
    /// Blocked by country, in the early word.
    #[serde(deserialize_with = "wire::flag")]
    pub blocked: bool,
    /// Blocked by its rights holder, in the early word.
    #[serde(deserialize_with = "wire::flag")]
    pub bakanim: bool,
    /// Blocked by its rights holder, in the late word.
    #[serde(deserialize_with = "wire::flag")]
    pub copyrights: bool,
    /// Blocked by country, in the late word.
    #[serde(deserialize_with = "wire::flag")]
    pub geoip: bool,
}

impl Blocked {
    /// Whether it is blocked, for whatever reason.
    pub const fn any(self) -> bool {
        self.blocked || self.bakanim || self.copyrights || self.geoip
    }
}
