//! Season and absolute numbers of the episodes of a torrent.

use std::ops::RangeInclusive;

use anilibria_client::{
    model::Ordinal,
    reflector::{CatalogEntry, EpisodeEntry},
};

use crate::{
    episodes::{Range, longest, ranges},
    placement::{MAX_IN_SEASON, Placement, episodes},
};

/// Numbers of the episodes of a torrent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbering {
    /// Season; 0 for specials, `None` for a film and for absolute numbers alone.
    pub(crate) season: Option<u16>,
    /// Numbers within the season; empty if the torrent contains an unknown part of the season.
    pub(crate) episodes: Vec<Range>,
    /// Numbers within the series; empty if they are unknown.
    pub(crate) absolute: Vec<Range>,
}

impl Numbering {
    /// Returns the numbers of a torrent of `entry` that contains the episodes in `description`.
    pub(crate) fn new(entry: &CatalogEntry, placement: &Placement, description: &str) -> Self {
        let Some(season) = placement.season else { return Self::default() };
        let mut own = ranges(description);
        if own.is_empty() && (season == 0 || placement.season_offset > 0) {
            // A title with the season alone would stand for all of its episodes.
            own.extend(episodes(entry).or((season == 0).then_some(1)).map(|count| 1..=count));
        }
        let first = first_episode(entry);
        let (of_season, of_series) = (placement.season_offset, placement.series_offset);
        // The first number of the release tells where its numbers begin: at the release, the season, or the series.
        let base = match first {
            Some(first) if first > 1 && first == of_season.saturating_add(1) => of_season,
            Some(first) if first > 1 && of_series.is_some_and(|of| first == of.saturating_add(1)) => {
                of_series.unwrap_or_default()
            }
            _ => 0,
        };
        let episodes = moved(&own, base, of_season);
        let absolute = of_series.map(|of_series| moved(&own, base, of_series)).unwrap_or_default();
        if season > 0 && episodes.iter().any(|range| *range.end() > MAX_IN_SEASON) {
            let absolute = if absolute.is_empty() { own } else { absolute };
            return Self { season: None, episodes: Vec::new(), absolute };
        }
        Self { season: Some(season), episodes, absolute }
    }

    /// Returns the consecutive episodes that the title of the torrent states.
    pub(crate) fn stated(&self) -> Option<&Range> {
        longest(if self.season.is_some() { &self.episodes } else { &self.absolute })
    }

    /// Returns true if the torrent contains the episode of a season, as far as its numbers are known.
    pub(crate) fn has_episode(&self, season: Option<u16>, episode: Option<u32>) -> bool {
        let Some(own) = self.season else {
            // Absolute numbers say nothing about seasons, which clients know better.
            let contains = |episode| season.is_some() || any(&self.absolute, episode);
            return !self.absolute.is_empty() && episode.is_none_or(contains);
        };
        let is_season = season.is_none_or(|season| season == own);
        is_season && episode.is_none_or(|episode| self.episodes.is_empty() || any(&self.episodes, episode))
    }

    /// Returns true if the torrent contains the episode with this number, within its season or its series.
    pub(crate) fn has_number(&self, number: u32) -> bool {
        any(&self.episodes, number) || any(&self.absolute, number)
    }
}

/// Returns the number of the first episode of a release, or else of its torrents.
fn first_episode(entry: &CatalogEntry) -> Option<u32> {
    let ordinals = entry.episodes.iter().flatten().map(EpisodeEntry::ordinal);
    let whole = ordinals.filter(|ordinal| ordinal.is_whole()).map(Ordinal::get);
    let known = whole.filter(|number| (0.0..=f64::from(u16::MAX)).contains(number)).reduce(f64::min);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let known = known.map(|number| number as u32);
    let of_torrents = || {
        let descriptions =
            entry.torrents.iter().flatten().filter_map(|torrent| torrent.description.as_deref());
        descriptions.filter_map(|text| ranges(text).first().map(|range| *range.start())).min()
    };
    known.or_else(of_torrents)
}

fn any(ranges: &[Range], number: u32) -> bool {
    ranges.iter().any(|range| range.contains(&number))
}

/// Returns `ranges` with numbers that begin after `to` in place of after `from`.
fn moved(ranges: &[Range], from: u32, to: u32) -> Vec<Range> {
    let moved = |number: &u32| number.saturating_sub(from).saturating_add(to);
    ranges.iter().map(|range| RangeInclusive::new(moved(range.start()), moved(range.end()))).collect()
}
