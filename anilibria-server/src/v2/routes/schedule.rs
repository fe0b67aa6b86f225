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
    /// The week's schedule
    ///
    /// For each day of the week the titles that get an episode, from Monday (0) to Sunday (6).
    #[oai(path = "/", method = "get", operation_id = "getSchedule")]
    async fn schedule(
        &self,
        /// Days to tell: repeat the key, or put commas between; all when left out.
        days: Param<Days>,
    ) -> Result<Rendered<One<Vec<ScheduleDay>>>, Problem> {
        self.titles.schedule(&days.0.0).await
    }
}
