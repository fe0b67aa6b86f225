//! The schedule: releases by the weekday of their new episodes.

use serde::{Deserialize, Serialize};
use time::Weekday;

use super::{Episode, Ordinal, Release, wire};

/// A weekday in the numbering of the service: 1 is Monday, 7 is Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublishDay(pub u8);

impl PublishDay {
    /// Returns the weekday; `None` for a number out of range.
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

/// A release in the schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ScheduledRelease {
    /// The release with its genres. Its `publish_day` is the weekday.
    #[serde(deserialize_with = "wire::identity")]
    pub release: Release,
    /// True if all episodes of the season are published.
    #[serde(deserialize_with = "wire::or_default")]
    pub full_season_is_released: bool,
    /// The episode that was already published this week.
    #[serde(deserialize_with = "wire::or_default")]
    pub published_release_episode: Option<Episode>,
    /// Number of the next expected episode.
    #[serde(deserialize_with = "wire::or_default")]
    pub next_release_episode_number: Option<Ordinal>,
}

/// The releases of yesterday, today and tomorrow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Schedule {
    /// Releases of yesterday.
    #[serde(deserialize_with = "wire::list")]
    pub yesterday: Vec<ScheduledRelease>,
    /// Releases of today.
    #[serde(deserialize_with = "wire::list")]
    pub today: Vec<ScheduledRelease>,
    /// Releases of tomorrow.
    #[serde(deserialize_with = "wire::list")]
    pub tomorrow: Vec<ScheduledRelease>,
}
