//! The weekly schedule.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::v3::wire;

/// A day of the week and the titles with episodes on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub struct ScheduleDay<T> {
    /// The day, 0 for Monday.
    #[serde(default, deserialize_with = "wire::integer")]
    pub day: u8,
    /// Titles of the day.
    #[serde(default = "Vec::new", deserialize_with = "wire::list")]
    pub list: Vec<T>,
}
