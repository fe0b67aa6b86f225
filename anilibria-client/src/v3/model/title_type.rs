//! Kinds of titles.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::code::{code, codes};
use crate::v3::wire;

/// Kind, number of episodes and length of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TitleType {
    /// All facts as text: `ТВ (12 эп.), 24 мин.`
    #[serde(deserialize_with = "wire::optional_string")]
    pub full_string: Option<String>,
    /// Code of the kind; `None` for kinds that v3 does not know.
    #[serde(deserialize_with = "code")]
    pub code: Option<TypeCode>,
    /// Name of the kind.
    #[serde(deserialize_with = "wire::optional_string")]
    pub string: Option<String>,
    /// Number of announced episodes.
    #[serde(deserialize_with = "wire::optional_integer")]
    pub episodes: Option<u32>,
    /// Length of an episode; whole minutes in JSON.
    #[serde(with = "wire::minutes")]
    pub length: Option<Duration>,
}

codes! {
    /// Kind of a title.
    pub enum TypeCode {
        /// A film.
        Movie = 0,
        /// A television series.
        Tv = 1,
        /// An original video animation.
        Ova = 2,
        /// An original net animation.
        Ona = 3,
        /// A special.
        Special = 4,
        /// Made for the web.
        Web = 5,
    }
}
