//! The schedule: which titles come out on which day of the week.

use serde::{Deserialize, Serialize};
use time::Weekday;

use super::{Episode, Ordinal, Release, wire};

/// A day of the week as the service counts: 1 is Monday, 7 is Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublishDay(pub u8);

impl PublishDay {
    /// The day of the week; `None` for a number that is none.
    pub const fn weekday(self) -> Option<Weekday> {
        Some(match self.0 {
            1 => Weekday::Monday,
            2 => Weekday::Tuesday,
            3 => Weekday::Wednesday,
            4 => Weekday::Thursday,
            5 => Weekday::Friday,
            6 => Weekday::Saturday,
            7 => Weekday::Sunday,
            _ => return None,
        })
    }
}

/// A title in the schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ScheduledRelease {
    /// The release, with its genres; its `publish_day` is the day.
    #[serde(deserialize_with = "wire::identity")]
    pub release: Release,
    /// Whether the season is complete.
    #[serde(deserialize_with = "wire::or_default")]
    pub full_season_is_released: bool,
    /// The episode that is out already this week.
    #[serde(deserialize_with = "wire::or_default")]
    pub published_release_episode: Option<Episode>,
    /// The number of the episode that is waited for.
    #[serde(deserialize_with = "wire::or_default")]
    pub next_release_episode_number: Option<Ordinal>,
}

/// The titles of yesterday, today and tomorrow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Schedule {
    /// Yesterday's.
    #[serde(deserialize_with = "wire::list")]
    pub yesterday: Vec<ScheduledRelease>,
    /// Today's.
    #[serde(deserialize_with = "wire::list")]
    pub today: Vec<ScheduledRelease>,
    /// Tomorrow's.
    #[serde(deserialize_with = "wire::list")]
    pub tomorrow: Vec<ScheduledRelease>,
}
