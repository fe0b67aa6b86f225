//! How far a title has come.

use serde::{Deserialize, Serialize};

use super::code::{code, codes};
use crate::v3::wire;

/// How far a title has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Status {
    /// In Russian.
    #[serde(deserialize_with = "wire::optional_string")]
    pub string: Option<String>,
    /// As a number.
    #[serde(deserialize_with = "code")]
    pub code: Option<StatusCode>,
}

codes! {
    /// How far a title has come.
    pub enum StatusCode {
        /// Episodes come out.
        InWork = 1,
        /// All episodes are out.
        Completed = 2,
        /// Not shown.
        Hidden = 3,
        /// Not a series that comes out week by week. No longer in use.
        NotOngoing = 4,
    }
}
