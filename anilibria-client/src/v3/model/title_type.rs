//! What kind of work a title is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::code::{code, codes};
use crate::v3::wire;

/// What kind of work a title is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TitleType {
    /// The whole of it in words: `ТВ (12 эп.), 24 мин.`
    #[serde(deserialize_with = "wire::optional_string")]
    pub full_string: Option<String>,
    /// Number of the kind; `None` for those that came after v3.
    #[serde(deserialize_with = "code")]
    pub code: Option<TypeCode>,
    /// Name of the kind.
    #[serde(deserialize_with = "wire::optional_string")]
    pub string: Option<String>,
    /// How many episodes are announced.
    #[serde(deserialize_with = "wire::optional_integer")]
    pub episodes: Option<u32>,
    /// Length of an episode; whole minutes on the wire.
    #[serde(with = "wire::minutes")]
    pub length: Option<Duration>,
}

codes! {
    /// What kind of work a title is.
    pub enum TypeCode {
        /// A film.
        Movie = 0,
        /// A series on television.
        Tv = 1,
        /// Sold on discs.
        Ova = 2,
        /// Shown on the internet.
        Ona = 3,
        /// A special.
        Special = 4,
        /// Made for the web.
        Web = 5,
    }
}
