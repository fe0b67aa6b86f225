//! Status of titles.

use serde::{Deserialize, Serialize};

use super::code::{code, codes};
use crate::v3::wire;

/// Status of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Status {
    /// Name of the status in Russian.
    #[serde(deserialize_with = "wire::optional_string")]
    pub string: Option<String>,
    /// Code of the status.
    #[serde(deserialize_with = "code")]
    pub code: Option<StatusCode>,
}

codes! {
    /// Status of a title.
    pub enum StatusCode {
        /// New episodes are published.
        InWork = 1,
        /// All episodes are published.
        Completed = 2,
        /// Not displayed.
        Hidden = 3,
        /// Not an ongoing series. No longer in use.
        NotOngoing = 4,
    }
}
