//! The week.

use serde::{Deserialize, Serialize};

/// A day of the week and what comes out on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScheduleDay<T> {
    /// The day, 0 for Monday.
    pub day: u8,
    /// Its titles.
    pub list: Vec<T>,
}
