//! Blocking of titles.

use serde::{Deserialize, Serialize};

use crate::v3::wire;

/// Reasons for which a title is blocked, under the names of early and of late v3 services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the keys of v3")]
#[non_exhaustive]
pub struct Blocked {
    /// Blocked in the country of the caller (early name).
    #[serde(deserialize_with = "wire::flag")]
    pub blocked: bool,
    /// Blocked by the rights holder (early name).
    #[serde(deserialize_with = "wire::flag")]
    pub bakanim: bool,
    /// Blocked by the rights holder (late name).
    #[serde(deserialize_with = "wire::flag")]
    pub copyrights: bool,
    /// Blocked in the country of the caller (late name).
    #[serde(deserialize_with = "wire::flag")]
    pub geoip: bool,
}

impl Blocked {
    /// Returns true if the title is blocked for any reason.
    pub const fn any(self) -> bool {
        self.blocked || self.bakanim || self.copyrights || self.geoip
    }
}
