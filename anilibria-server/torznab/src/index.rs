//! The torrents of a catalog, rendered and searchable.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use anilibria_client::{
    Client,
    model::ReleaseId,
    reflector::{Catalog, CatalogEntry},
};

use crate::{
    franchises::Franchises,
    item::Item,
    placement::{Placement, placements},
    query::{Episode, Query, Scope},
    search_text::{Reading, readings},
    words::WordIndex,
};

/// Maximum number of releases that a search with typing errors finds.
const MAX_SIMILAR: usize = 50;

/// The torrents of a catalog. It is created once for each change of the catalog; a search only selects from it.
pub struct Index {
    catalog: Arc<Catalog>,
    /// The newest item first.
    items: Vec<Item>,
    words: WordIndex,
    /// Place of each release in the catalog.
    places: HashMap<ReleaseId, u32>,
    /// Positions of the items of each release, by place.
    of_release: Vec<Vec<u32>>,
}

/// Result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'i> {
    /// Rendered items of the requested page.
    pub(crate) items: Vec<&'i str>,
    /// Number of all matches.
    pub(crate) total: usize,
    /// Number of skipped matches.
    pub(crate) offset: usize,
}

impl Found<'_> {
    /// Returns the number of all matches.
    pub fn total(&self) -> usize {
        self.total
    }
}

impl Index {
    /// Creates the index of `catalog`. Links lead to the mirror and the media origin of `client`. Releases that are hidden at
    /// the request of their owners are left out.
    pub fn new(catalog: Arc<Catalog>, franchises: &Franchises, client: &Client) -> Self {
        let placements = placements(&catalog, franchises);
        let mut words = WordIndex::default();
        let mut items = Vec::new();
        for (place, entry) in (0..).zip(catalog.iter()) {
            let Some(placement) = placements.get(&entry.id).filter(|_| !entry.is_blocked_by_copyrights)
            else {
                continue;
            };
            add_names(&mut words, place, entry, placement);
            let torrents = entry.torrents.iter().flatten();
            items.extend(torrents.filter_map(|torrent| Item::new(client, entry, placement, torrent)));
        }
        items.sort_by_key(|item| Reverse(item.published));
        let places: HashMap<_, _> = catalog.iter().map(|entry| entry.id).zip(0_u32..).collect();
        let mut of_release = vec![Vec::new(); catalog.len()];
        for (position, item) in (0..).zip(&items) {
            let place = places.get(&item.release).map(|place| *place as usize);
            if let Some(positions) = place.and_then(|place| of_release.get_mut(place)) {
                positions.push(position);
            }
        }
        Self { catalog, items, words, places, of_release }
    }

    /// Returns the number of torrents.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Returns true if no release has a torrent.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the requested page of the torrents that match `query`, the newest first.
    ///
    /// Names match if they contain all words. If no name does, typing errors, transliterations and the wrong keyboard layout
    /// are corrected.
    pub fn search(&self, query: &Query) -> Found<'_> {
        let matches: Box<dyn Iterator<Item = &Item>> = match query.text.as_deref() {
            None => Box::new(self.items.iter()),
            Some(text) => {
                Box::new(self.with_text(text).into_iter().filter_map(|at| self.items.get(at as usize)))
            }
        };
        let mut found = Found { items: Vec::new(), total: 0, offset: query.offset };
        for item in matches.filter(|item| query.accepts(item)) {
            if found.total >= query.offset && found.items.len() < query.limit {
                found.items.push(&item.xml);
            }
            found.total += 1;
        }
        found
    }

    /// Returns the positions of the items that match a text, in ascending order.
    fn with_text(&self, text: &str) -> Vec<u32> {
        let readings = readings(text);
        let mut positions: Vec<u32> = Vec::new();
        for reading in &readings {
            let releases = self.words.with_all(&reading.words);
            positions.extend(self.items_of(&releases, reading));
        }
        if positions.is_empty()
            && let Some(reading) = readings.last()
        {
            positions.extend(self.items_of(&self.similar(&reading.words.join(" ")), reading));
        }
        positions.sort_unstable();
        positions.dedup();
        positions
    }

    /// Returns the positions of the items of `releases` that have the numbers of `reading`.
    fn items_of(&self, releases: &[u32], reading: &Reading<'_>) -> Vec<u32> {
        let positions = releases.iter().filter_map(|place| self.of_release.get(*place as usize)).flatten();
        let accepts = |at: &&u32| self.items.get(**at as usize).is_some_and(|item| reading.accepts(item));
        positions.filter(accepts).copied().collect()
    }

    /// Returns the places of releases with names similar to `text`.
    fn similar(&self, text: &str) -> Vec<u32> {
        let found = self.catalog.query().search(text).limit(MAX_SIMILAR).find();
        found.items.iter().filter_map(|entry| self.places.get(&entry.id).copied()).collect()
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("torrents", &self.len()).finish_non_exhaustive()
    }
}

/// Adds all names of a release, with the name of its series.
fn add_names(words: &mut WordIndex, place: u32, entry: &CatalogEntry, placement: &Placement) {
    let names = [Some(&*entry.name), entry.english.as_deref(), entry.alternative.as_deref()];
    let names: HashSet<&str> = names.into_iter().flatten().chain([&*placement.series]).collect();
    for name in names {
        words.add(place, name);
    }
}

impl Query {
    fn accepts(&self, item: &Item) -> bool {
        let is_in_scope = match self.scope {
            Scope::All => true,
            Scope::Series => !item.category.is_film(),
            Scope::Films => item.category.is_film(),
        };
        let numbering = &item.numbering;
        let has_episode = match self.episode {
            None => self.season.is_none() || numbering.has_episode(self.season, None),
            Some(Episode::Number(episode)) => numbering.has_episode(self.season, Some(episode)),
            Some(Episode::Daily) => false,
        };
        is_in_scope
            && has_episode
            && self.year.is_none_or(|year| item.is_of_year(year))
            && self.categories.as_ref().is_none_or(|wanted| wanted.contains(&item.category))
    }
}

impl Reading<'_> {
    fn accepts(&self, item: &Item) -> bool {
        let numbering = &item.numbering;
        let is_number = |number| {
            let is_year = u16::try_from(number).is_ok_and(|year| item.is_of_year(year));
            is_year || numbering.has_number(number)
        };
        let has_season = self.season.is_none() || numbering.has_episode(self.season, self.episode);
        has_season && self.number.is_none_or(is_number)
    }
}
