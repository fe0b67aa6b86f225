//! Seasons of first broadcast.

use serde::{Deserialize, Serialize};

use super::code::{code, codes};
use crate::v3::wire;

/// Season in which a title was first broadcast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Season {
    /// Name of the season, in Russian.
    #[serde(deserialize_with = "wire::optional_string")]
    pub string: Option<String>,
    /// Number of the season; 0 if it is unknown.
    #[serde(deserialize_with = "code")]
    pub code: Option<SeasonCode>,
    /// Year.
    #[serde(deserialize_with = "wire::optional_integer")]
    pub year: Option<u16>,
    /// Weekday of new episodes, 0 for Monday.
    #[serde(deserialize_with = "wire::optional_integer")]
    pub week_day: Option<u8>,
}

codes! {
    /// A season of the year.
    pub enum SeasonCode {
        /// Unknown.
        Unset = 0,
        /// Winter.
        Winter = 1,
        /// Spring.
        Spring = 2,
        /// Summer.
        Summer = 3,
        /// Autumn.
        Autumn = 4,
    }
}
