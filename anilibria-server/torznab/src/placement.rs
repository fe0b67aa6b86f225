//! Placement of each release in its series: the name of the series, the season, and the number of earlier episodes.

mod seasons;
mod specials;

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use anilibria_client::{
    model::{ReleaseId, ReleaseKind},
    reflector::{Catalog, CatalogEntry},
};

use crate::{
    franchises::Franchises,
    name::{Name, before_subtitles},
    word_index::normalised,
};

/// Largest episode number that clients parse after `S01E`.
pub(crate) const MAX_IN_SEASON: u32 = 99;

/// Placement of a release in its series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    /// Name of the series, or of the film.
    pub(crate) series: Box<str>,
    /// Season; 0 for specials, `None` for a film.
    pub(crate) season: Option<u16>,
    /// Number of episodes of the season before the release.
    pub(crate) season_offset: u32,
    /// Number of episodes of the series before the release; `None` if a season before it is missing.
    pub(crate) series_offset: Option<u32>,
    /// Year in which the series began.
    pub(crate) series_year: Option<u16>,
}

/// Returns the placement of each release of `catalog`.
pub(crate) fn placements(catalog: &Catalog, franchises: &Franchises) -> HashMap<ReleaseId, Placement> {
    let mut names = names(catalog, franchises);
    join_sequels(catalog, franchises, &mut names);
    let mut placements = HashMap::with_capacity(catalog.len());
    for series in series(catalog, franchises, &names) {
        seasons::place(&series, &names, &mut placements);
    }
    specials::place(catalog, franchises, &mut placements);
    for entry in catalog.iter().filter(|entry| is_film(entry)) {
        placements.insert(entry.id, standalone(entry, latin_name(entry), None));
    }
    placements
}

/// Returns the name that most clients know: the Latin one, or if there is none, the Russian one.
pub(crate) fn latin_name(entry: &CatalogEntry) -> &str {
    let english = entry.english.as_deref().filter(|name| !normalised(name).is_empty());
    english.unwrap_or(&entry.name)
}

fn standalone(entry: &CatalogEntry, name: &str, season: Option<u16>) -> Placement {
    Placement {
        series: name.into(),
        season,
        season_offset: 0,
        series_offset: Some(0),
        series_year: entry.year,
    }
}

pub(crate) fn is_film(entry: &CatalogEntry) -> bool {
    entry.kind == Some(ReleaseKind::Movie)
}

/// True for kinds that are specials of a series (season 0).
fn is_special(entry: &CatalogEntry) -> bool {
    matches!(entry.kind, Some(ReleaseKind::Ova | ReleaseKind::Oad | ReleaseKind::Special))
}

fn is_series(entry: &CatalogEntry) -> bool {
    !is_film(entry) && !is_special(entry)
}

/// Returns the number of episodes of a release; `None` if it is unknown.
pub(crate) fn episodes(entry: &CatalogEntry) -> Option<u32> {
    let out = || u32::try_from(entry.episodes_out()?).ok();
    entry.episodes_total.or_else(out).filter(|count| *count > 0)
}

/// Returns the parsed names of all releases that are series.
///
/// A number at the end of a name is a season if another release has the name without the number, or if the name of an earlier
/// release in the franchise begins with the name without the number.
fn names(catalog: &Catalog, franchises: &Franchises) -> HashMap<ReleaseId, Name> {
    let entries = catalog.iter().filter(|entry| is_series(entry));
    let mut names: HashMap<_, _> = entries.map(|entry| (entry.id, Name::parse(latin_name(entry)))).collect();
    let keys: HashMap<ReleaseId, String> =
        names.iter().map(|(id, name)| (*id, normalised(&name.base))).collect();
    let bases: HashSet<&String> = keys.values().collect();
    for (id, name) in &mut names {
        let is_season = |base: &str| {
            let key = normalised(base);
            let earlier = franchises.of(*id).unwrap_or_default().iter().take_while(|other| *other != id);
            bases.contains(&key)
                || earlier.filter_map(|other| keys.get(other)).any(|other| other.starts_with(&key))
        };
        if let Some((base, number)) = name.trailing_number.take().filter(|(base, _)| is_season(base)) {
            name.base = base;
            name.season = Some(number);
        }
    }
    names
}

/// Replaces the name of a release with a subtitle, `Name: Subtitle`, by the name of an earlier series `Name` in its franchise.
/// Releases of more than 99 episodes are separate series, so their names stay.
fn join_sequels(catalog: &Catalog, franchises: &Franchises, names: &mut HashMap<ReleaseId, Name>) {
    for list in franchises.iter() {
        let mut known: HashMap<String, String> = HashMap::new();
        let is_short = |entry: &&CatalogEntry| episodes(entry).is_none_or(|count| count <= MAX_IN_SEASON);
        for entry in list.iter().filter_map(|id| catalog.get(*id)).filter(is_short) {
            let Some(name) = names.get_mut(&entry.id) else { continue };
            let continued =
                before_subtitles(&name.base).find_map(|head| known.get(&normalised(head)).cloned());
            if let Some(base) = continued {
                name.base = base;
            } else {
                known.insert(normalised(&name.base), name.base.clone());
            }
        }
    }
}

/// Returns the releases of each series, in the order of their franchise if they share one, otherwise by date.
fn series<'c>(
    catalog: &'c Catalog,
    franchises: &Franchises,
    names: &HashMap<ReleaseId, Name>,
) -> Vec<Vec<&'c CatalogEntry>> {
    let mut series: HashMap<String, Vec<&CatalogEntry>> = HashMap::new();
    // The catalog starts with the newest id.
    let entries: Vec<_> = catalog.iter().collect();
    for entry in entries.into_iter().rev() {
        if let Some(name) = names.get(&entry.id) {
            series.entry(normalised(&name.base)).or_default().push(entry);
        }
    }
    let mut series: Vec<_> = series.into_values().collect();
    for releases in &mut series {
        let list = releases.first().and_then(|entry| franchises.of(entry.id));
        match list.filter(|list| releases.iter().all(|entry| list.contains(&entry.id))) {
            Some(list) => releases.sort_by_key(|entry| list.iter().position(|id| *id == entry.id)),
            None => releases.sort_by_key(|entry| date(entry)),
        }
    }
    series
}

/// Returns a key that sorts releases by the quarter in which they began. Releases without a year come last.
fn date(entry: &CatalogEntry) -> (Reverse<bool>, Option<u16>, u8, ReleaseId) {
    use anilibria_client::model::Season;
    let quarter = match entry.season {
        Some(Season::Winter) => 0,
        Some(Season::Spring) => 1,
        Some(Season::Summer) => 2,
        _ => 3,
    };
    (Reverse(entry.year.is_some()), entry.year, quarter, entry.id)
}
