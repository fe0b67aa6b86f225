//! The week's schedule.

use poem_openapi::Object;

use super::title::Title;

/// Titles of one day of the week.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct ScheduleDay {
    /// Day of the week: 0 is Monday, 6 is Sunday.
    #[oai(validator(minimum(value = "0"), maximum(value = "6")))]
    pub day: u8,
    /// Titles with an episode on that day.
    pub list: Vec<Title>,
}
