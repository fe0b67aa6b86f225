//! The schedule.

use crate::{
    call::{Call, Projected},
    model::ScheduledRelease,
};

/// The response of [`Schedule::now`], whose type has the name of the group.
type Timetable = crate::model::Schedule;

group! {
    /// The schedule: releases by the day of the week on which episodes are published.
    Schedule, schedule
}

endpoint! {
    /// Returns the releases of yesterday, today and tomorrow.
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
    GET "/anime/schedule/now" => Schedule::now() -> Timetable;
    pub struct ScheduleNow: Projected {}
}

endpoint! {
    /// Returns the releases of the week in no particular order. The day is `publish_day` of each release.
    ///
    /// Paths for `include` and `exclude` begin with `release.`.
    ///
    /// ```
    /// # anilibria_client::offline(|client| async move {
    /// let week = client.schedule().week().await?;
    /// assert!(week.iter().all(|item| item.release.publish_day.is_some()));
    /// # Ok(())
    /// # });
    /// ```
    GET "/anime/schedule/week" => Schedule::week() -> Vec<ScheduledRelease>;
    pub struct ScheduleWeek: Projected {}
}
