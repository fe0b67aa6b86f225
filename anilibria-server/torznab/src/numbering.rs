//! Season, and numbers of the episodes of a torrent within the season and the series.

use std::ops::RangeInclusive;

use anilibria_client::{
    model::Ordinal,
    reflector::{CatalogEntry, EpisodeEntry},
};

use crate::{
    episodes::{Range, longest, parse_ranges},
    placement::{MAX_IN_SEASON, Placement, episodes},
};

/// Numbers of the episodes of a torrent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbering {
    /// Season; 0 for specials, `None` for a film and for absolute numbers alone.
    pub(crate) season: Option<u16>,
    /// Numbers within the season; empty if it is unknown which episodes of the season the torrent contains.
    pub(crate) episodes: Vec<Range>,
    /// Absolute numbers: those within the series. Empty if they are unknown.
    pub(crate) absolute: Vec<Range>,
}

impl Numbering {
    /// Creates the numbering of a torrent of `entry` with this `description`.
    pub(crate) fn new(entry: &CatalogEntry, placement: &Placement, description: &str) -> Self {
        let Some(season) = placement.season else { return Self::default() };
        let mut own = parse_ranges(description);
        if own.is_empty() && (season == 0 || placement.season_offset > 0) {
            // Clients take a title with a season but without episodes for the whole season.
            own.extend(episodes(entry).or((season == 0).then_some(1)).map(|count| 1..=count));
        }
        let first = first_episode(entry);
        let (of_season, of_series) = (placement.season_offset, placement.series_offset);
        // The first number of the release shows what its numbers count from: the release, the season, or the series.
        let base = match first {
            Some(first) if first > 1 && first == of_season.saturating_add(1) => of_season,
            Some(first) if first > 1 && of_series.is_some_and(|of| first == of.saturating_add(1)) => {
                of_series.unwrap_or_default()
            }
            _ => 0,
        };
        let episodes = shifted(&own, base, of_season);
        let absolute = of_series.map(|of_series| shifted(&own, base, of_series)).unwrap_or_default();
        if season > 0 && episodes.iter().any(|range| *range.end() > MAX_IN_SEASON) {
            let absolute = if absolute.is_empty() { own } else { absolute };
            return Self { season: None, episodes: Vec::new(), absolute };
        }
        Self { season: Some(season), episodes, absolute }
    }

    /// Returns the range of episodes for the title of the torrent: the longest one.
    pub(crate) fn title_range(&self) -> Option<&Range> {
        longest(if self.season.is_some() { &self.episodes } else { &self.absolute })
    }

    /// True if the torrent may contain the episode of the season: unknown numbers match any.
    pub(crate) fn has_episode(&self, season: Option<u16>, episode: Option<u32>) -> bool {
        let Some(own) = self.season else {
            // Absolute numbers do not determine the season. The client maps them to seasons itself.
            let contains = |episode| season.is_some() || any_contains(&self.absolute, episode);
            return !self.absolute.is_empty() && episode.is_none_or(contains);
        };
        let is_season = season.is_none_or(|season| season == own);
        is_season
            && episode.is_none_or(|episode| self.episodes.is_empty() || any_contains(&self.episodes, episode))
    }

    /// True if the torrent contains the episode with this number, counted in its season or in its series.
    pub(crate) fn has_number(&self, number: u32) -> bool {
        any_contains(&self.episodes, number) || any_contains(&self.absolute, number)
    }
}

/// Returns the number of the first episode of a release, or if it has no episodes, the first number in its torrents.
fn first_episode(entry: &CatalogEntry) -> Option<u32> {
    let ordinals = entry.episodes.iter().flatten().map(EpisodeEntry::ordinal);
    let whole = ordinals.filter(|ordinal| ordinal.is_whole()).map(Ordinal::get);
    let known = whole.filter(|number| (0.0..=f64::from(u16::MAX)).contains(number)).reduce(f64::min);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let known = known.map(|number| number as u32);
    let of_torrents = || {
        let descriptions =
            entry.torrents.iter().flatten().filter_map(|torrent| torrent.description.as_deref());
        descriptions.filter_map(|text| parse_ranges(text).first().map(|range| *range.start())).min()
    };
    known.or_else(of_torrents)
}

fn any_contains(ranges: &[Range], number: u32) -> bool {
    ranges.iter().any(|range| range.contains(&number))
}

/// Returns `ranges` with the offset `to` in place of the offset `from`.
fn shifted(ranges: &[Range], from: u32, to: u32) -> Vec<Range> {
    let shifted = |number: &u32| number.saturating_sub(from).saturating_add(to);
    ranges.iter().map(|range| RangeInclusive::new(shifted(range.start()), shifted(range.end()))).collect()
}
