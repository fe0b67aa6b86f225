//! The route `/schedule`: releases by day of the week.

use anilibria_http::{envelope::One, params::Param, problem::Problem, rendered::Rendered};
use poem_openapi::OpenApi;

use super::Tag;
use crate::titles::{Titles, model::schedule::ScheduleDay, params::Days};

/// Route `/schedule`.
#[derive(Clone)]
pub struct ScheduleApi {
    pub(super) titles: Titles,
}

#[OpenApi(prefix_path = "/schedule", tag = "Tag::Lists")]
impl ScheduleApi {
    /// Get the schedule
    ///
    /// Returns the titles with a scheduled episode, by day of the week: 0 is Monday, 6 is Sunday.
    #[oai(path = "/", method = "get", operation_id = "getSchedule")]
    async fn schedule(
        &self,
        /// Days of the week, from 0 (Monday) to 6 (Sunday); all days if omitted. Repeat the parameter, or separate the numbers
        /// with commas.
        days: Param<Days>,
    ) -> Result<Rendered<One<Vec<ScheduleDay>>>, Problem> {
        self.titles.schedule(&days.0.0).await
    }
}
