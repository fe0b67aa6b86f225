//! The schedule.

use crate::model::{ScheduledRelease, wire::List};

group! {
    /// The schedule: which titles come out on which day of the week.
    Schedule, schedule
}

endpoint! {
    /// The titles of yesterday, today and tomorrow.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let schedule = client.schedule().now().await?;
    /// for item in schedule.today {
    ///     println!("{}", item.release.name.main);
    /// }
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/schedule/now" => Schedule::now() -> crate::model::Schedule;
    pub struct ScheduleNow: Fields {}
}

endpoint! {
    /// The titles of the whole week, in no order: each release's `publish_day` is the day.
    ///
    /// Paths for `include` and `exclude` begin with `release.` here.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let week = client.schedule().week().await?;
    /// assert!(week.iter().all(|item| item.release.publish_day.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/schedule/week" => Schedule::week() -> Vec<ScheduledRelease> as List<ScheduledRelease>;
    pub struct ScheduleWeek: Fields {}
}
