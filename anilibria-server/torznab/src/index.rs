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
    search_text::{Interpretation, interpretations},
    word_index::WordIndex,
};

/// Maximum number of releases that a search for similar names finds.
const MAX_SIMILAR: usize = 50;

/// The torrents of a catalog, rendered in advance. An index is created once for each change of the catalog. A search only
/// selects from it.
pub struct Index {
    catalog: Arc<Catalog>,
    /// The torrents, the newest first.
    items: Vec<Item>,
    words: WordIndex,
    /// Number of each release: its index in the catalog.
    release_numbers: HashMap<ReleaseId, u32>,
    /// Positions in `items` of the torrents of each release, by its number.
    by_release: Vec<Vec<u32>>,
}

/// Result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchResults<'i> {
    /// Rendered items of the requested page.
    pub(crate) items: Vec<&'i str>,
    /// Number of all matches.
    pub(crate) total: usize,
    /// Number of skipped matches.
    pub(crate) offset: usize,
}

impl SearchResults<'_> {
    /// Returns the number of all matches.
    pub fn total(&self) -> usize {
        self.total
    }
}

impl Index {
    /// Creates the index of `catalog`, without the releases that are hidden at the request of their owners. Links lead to the
    /// mirror and the media origin of `client`.
    pub fn new(catalog: Arc<Catalog>, franchises: &Franchises, client: &Client) -> Self {
        let placements = placements(&catalog, franchises);
        let mut words = WordIndex::default();
        let mut items = Vec::new();
        for (number, entry) in (0..).zip(catalog.iter()) {
            let Some(placement) = placements.get(&entry.id).filter(|_| !entry.is_blocked_by_copyrights)
            else {
                continue;
            };
            add_names(&mut words, number, entry, placement);
            let torrents = entry.torrents.iter().flatten();
            items.extend(torrents.filter_map(|torrent| Item::new(client, entry, placement, torrent)));
        }
        items.sort_by_key(|item| Reverse(item.published));
        let release_numbers: HashMap<_, _> = catalog.iter().map(|entry| entry.id).zip(0_u32..).collect();
        let mut by_release = vec![Vec::new(); catalog.len()];
        for (position, item) in (0..).zip(&items) {
            let number = release_numbers.get(&item.release).map(|number| *number as usize);
            if let Some(positions) = number.and_then(|number| by_release.get_mut(number)) {
                positions.push(position);
            }
        }
        Self { catalog, items, words, release_numbers, by_release }
    }

    /// Returns the number of torrents.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True if no release has a torrent.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the requested page of the torrents that match `query`, the newest first.
    ///
    /// A name matches if it contains all words. If no name does, similar names match: typing errors, transliterations and the
    /// wrong keyboard layout are corrected.
    pub fn search(&self, query: &Query) -> SearchResults<'_> {
        let matches: Box<dyn Iterator<Item = &Item>> = match query.text.as_deref() {
            None => Box::new(self.items.iter()),
            Some(text) => {
                Box::new(self.with_text(text).into_iter().filter_map(|at| self.items.get(at as usize)))
            }
        };
        let mut found = SearchResults { items: Vec::new(), total: 0, offset: query.offset };
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
        let interpretations = interpretations(text);
        let mut positions: Vec<u32> = Vec::new();
        for interpretation in &interpretations {
            let releases = self.words.with_all(&interpretation.words);
            positions.extend(self.items_of(&releases, interpretation));
        }
        if positions.is_empty()
            && let Some(interpretation) = interpretations.last()
        {
            positions.extend(self.items_of(&self.similar(&interpretation.words.join(" ")), interpretation));
        }
        positions.sort_unstable();
        positions.dedup();
        positions
    }

    /// Returns the positions of the items of `releases` that have the season, the episode or the number of `interpretation`.
    fn items_of(&self, releases: &[u32], interpretation: &Interpretation<'_>) -> Vec<u32> {
        let positions = releases.iter().filter_map(|number| self.by_release.get(*number as usize)).flatten();
        let accepts =
            |at: &&u32| self.items.get(**at as usize).is_some_and(|item| interpretation.accepts(item));
        positions.filter(accepts).copied().collect()
    }

    /// Returns the numbers of releases with names similar to `text`.
    fn similar(&self, text: &str) -> Vec<u32> {
        let found = self.catalog.query().search(text).limit(MAX_SIMILAR).find();
        found.items.iter().filter_map(|entry| self.release_numbers.get(&entry.id).copied()).collect()
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("torrents", &self.len()).finish_non_exhaustive()
    }
}

/// Adds all names of a release, with the name of its series.
fn add_names(words: &mut WordIndex, number: u32, entry: &CatalogEntry, placement: &Placement) {
    let names = [Some(&*entry.name), entry.english.as_deref(), entry.alternative.as_deref()];
    let names: HashSet<&str> = names.into_iter().flatten().chain([&*placement.series]).collect();
    for name in names {
        words.add(number, name);
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

impl Interpretation<'_> {
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
