//! Placement of specials in season 0 of their series.

use std::collections::HashMap;

use anilibria_client::{
    model::ReleaseId,
    reflector::{Catalog, CatalogEntry},
};

use super::{Placement, date, episodes, is_special, latin_name, standalone};
use crate::{
    franchises::Franchises,
    name::{Name, without_special},
    word_index::normalised,
};

/// Adds the placements of the specials of `catalog`. The specials of a series are numbered by date. A special without a series is
/// a series itself.
pub(super) fn place(
    catalog: &Catalog,
    franchises: &Franchises,
    placements: &mut HashMap<ReleaseId, Placement>,
) {
    let by_name = series_by_name(placements);
    let mut specials: Vec<_> = catalog.iter().filter(|entry| is_special(entry)).collect();
    specials.sort_by_key(|entry| date(entry));
    let mut counts: HashMap<Box<str>, u32> = HashMap::new();
    for entry in specials {
        let name = latin_name(entry);
        let Some(series) = series_of(entry, franchises, placements, &by_name) else {
            placements.insert(entry.id, standalone(entry, &Name::parse(name).base, Some(1)));
            continue;
        };
        let count = counts.entry(series.series.clone()).or_default();
        let placement = Placement { season: Some(0), season_offset: *count, series_offset: None, ..series };
        *count = count.saturating_add(episodes(entry).unwrap_or(1));
        placements.insert(entry.id, placement);
    }
}

/// Returns a placement in each series, by the name of the series.
fn series_by_name(placements: &HashMap<ReleaseId, Placement>) -> HashMap<String, Placement> {
    let mut series: Vec<_> = placements.iter().collect();
    // A remake may have the same name. The placement of the release with the lowest id stays.
    series.sort_by_key(|(id, _)| std::cmp::Reverse(**id));
    series.into_iter().map(|(_, placement)| (normalised(&placement.series), placement.clone())).collect()
}

/// Returns the series of a special: in the same franchise, the one with the longest name that the name of the special begins
/// with. Otherwise, a series whose name is that of the special without `OVA` or `Special`.
fn series_of(
    entry: &CatalogEntry,
    franchises: &Franchises,
    placements: &HashMap<ReleaseId, Placement>,
    by_name: &HashMap<String, Placement>,
) -> Option<Placement> {
    let name = normalised(latin_name(entry));
    let list = franchises.of(entry.id).unwrap_or_default();
    let begins =
        |series: &str| name.strip_prefix(series).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    let of_franchise = list.iter().filter_map(|id| placements.get(id)).filter(|series| {
        series.season.is_some_and(|season| season > 0) && begins(&normalised(&series.series))
    });
    let nearest = of_franchise.max_by_key(|series| series.series.len());
    let base = Name::parse(without_special(latin_name(entry))).base;
    nearest.or_else(|| by_name.get(&normalised(&base))).cloned()
}
