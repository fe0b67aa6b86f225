//! Placement of the releases of a series in seasons.

use std::collections::HashMap;

use anilibria_client::{model::ReleaseId, reflector::CatalogEntry};

use super::{Placement, episodes, latin_name};
use crate::name::Name;

/// The part of a series that has a placement so far.
#[derive(Default)]
struct Progress {
    /// Name of the series.
    series: Box<str>,
    /// Latin name of the first release.
    name: Box<str>,
    year: Option<u16>,
    /// Last season; 0 before the first release.
    season: u16,
    /// Number of episodes of the series before the last season.
    before_season: Option<u32>,
    /// Number of episodes of the last season.
    in_season: Option<u32>,
    /// Number of episodes of the series.
    in_series: Option<u32>,
}

/// Adds the placements of the `releases` of a series, which must be in order.
pub(super) fn place(
    releases: &[&CatalogEntry],
    names: &HashMap<ReleaseId, Name>,
    placements: &mut HashMap<ReleaseId, Placement>,
) {
    let mut progress = Progress::default();
    for entry in releases {
        let Some(name) = names.get(&entry.id) else { continue };
        // A sequel may differ in punctuation only: `K-On!!`.
        let is_repeated = name.is_unmarked() && *latin_name(entry) == *progress.name;
        let is_remake = is_repeated && entry.year != progress.year;
        if progress.season == 0 || is_remake {
            progress = Progress::begin(entry, name, is_remake);
        }
        placements.insert(entry.id, progress.place(entry, name, is_repeated && !is_remake));
    }
}

impl Progress {
    /// Starts a series. The name of a remake is that of the earlier series, with the year of the remake.
    fn begin(entry: &CatalogEntry, name: &Name, is_remake: bool) -> Self {
        let series = match entry.year.filter(|_| is_remake) {
            Some(year) => format!("{} ({year})", name.base).into(),
            None => name.base.as_str().into(),
        };
        let name = latin_name(entry).into();
        Self { series, name, year: entry.year, in_series: Some(0), ..Self::default() }
    }

    /// Returns the placement of the next release. If `is_repeated`, it has the same season as the release before it.
    fn place(&mut self, entry: &CatalogEntry, name: &Name, is_repeated: bool) -> Placement {
        let part = name.part.filter(|part| *part > 1);
        let season = match (name.season, part) {
            (Some(season), _) => season,
            (None, Some(part)) if self.season == 0 => part,
            (None, Some(_)) => self.season,
            (None, None) if is_repeated => self.season,
            (None, None) => self.season + 1,
        };
        let (season_offset, series_offset) = if season == self.season && part.is_some() {
            (self.in_season, self.in_series)
        } else if season == self.season {
            (Some(0), self.before_season)
        } else {
            (Some(0), self.in_series.filter(|_| season == self.season + 1))
        };
        let after = |before: Option<u32>| Some(before?.saturating_add(episodes(entry)?));
        if season_offset == Some(0) {
            self.before_season = series_offset;
        }
        self.season = season;
        (self.in_season, self.in_series) = (after(season_offset), after(series_offset));
        Placement {
            series: self.series.clone(),
            season: Some(season),
            season_offset: season_offset.unwrap_or(0),
            series_offset,
            series_year: self.year,
        }
    }
}
