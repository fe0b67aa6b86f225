//! Episodes of the local catalog.

use std::{ops::Range, time::Duration};

use serde::{Deserialize, Serialize};

use super::compact::boxed;
use crate::model::{Episode, EpisodeId, Image, Ordinal, Quality, Skip};

/// An episode of the local catalog.
///
/// The URLs of the streams are not stored, because host and query differ from caller to caller, and stored URLs would not
/// work. The available qualities are stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EpisodeEntry {
    /// Id, stable.
    pub id: EpisodeId,
    /// Title in Russian.
    pub name: Option<Box<str>>,
    /// Path of the preview picture, in the size for a page.
    pub preview: Option<Box<str>>,
    number: f64,
    sort_order: Option<i32>,
    milliseconds: Option<u32>,
    opening: Option<(u32, u32)>,
    ending: Option<(u32, u32)>,
    qualities: u8,
}

impl EpisodeEntry {
    /// Returns the number of the episode.
    pub fn ordinal(&self) -> Ordinal {
        Ordinal(self.number)
    }

    /// Returns the position in the list.
    pub fn sort_order(&self) -> Option<i64> {
        self.sort_order.map(i64::from)
    }

    /// Returns the duration; zero for an episode that is on another player only.
    pub fn duration(&self) -> Option<Duration> {
        self.milliseconds.map(|milliseconds| Duration::from_millis(milliseconds.into()))
    }

    /// Returns the opening, if start and end are known.
    pub fn opening(&self) -> Option<Range<Duration>> {
        self.opening.map(range)
    }

    /// Returns the ending, if start and end are known.
    pub fn ending(&self) -> Option<Range<Duration>> {
        self.ending.map(range)
    }

    /// Returns the available qualities, the best first.
    pub fn qualities(&self) -> impl Iterator<Item = Quality> {
        let bits = self.qualities;
        Quality::BEST_FIRST.into_iter().filter(move |quality| bits & bit(*quality) != 0)
    }
}

impl From<&Episode> for EpisodeEntry {
    fn from(episode: &Episode) -> Self {
        Self {
            id: episode.id,
            name: boxed(episode.name.as_deref()),
            preview: boxed(episode.preview.as_ref().and_then(Image::medium)),
            number: episode.ordinal.get(),
            sort_order: episode.sort_order.and_then(|order| order.try_into().ok()),
            milliseconds: episode.duration.map(milliseconds),
            opening: bounds(&episode.opening),
            ending: bounds(&episode.ending),
            qualities: episode.streams().fold(0, |bits, (quality, _)| bits | bit(quality)),
        }
    }
}

fn bit(quality: Quality) -> u8 {
    1 << quality as u8
}

/// Returns the milliseconds of a duration, at most 49 days.
fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

fn bounds(skip: &Skip) -> Option<(u32, u32)> {
    skip.range().map(|range| (milliseconds(range.start), milliseconds(range.end)))
}

fn range((start, stop): (u32, u32)) -> Range<Duration> {
    Duration::from_millis(start.into())..Duration::from_millis(stop.into())
}
