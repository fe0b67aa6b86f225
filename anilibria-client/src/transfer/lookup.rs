//! Look-up of releases by ids of other services.

use std::collections::HashMap;

use super::document::ListEntry;
use crate::{
    model::EpisodeId,
    reflector::{Catalog, CatalogEntry},
};

/// An index of a [`Catalog`] by the ids of Shikimori and MyAnimeList, and by episode.
///
/// The API has no such search, so that the catalog is compared. The index of ten thousand releases takes some
/// milliseconds to build. Ids of one service are not compared with those of the other.
///
/// ```
/// # anilibria_client::offline(|client| async move {
/// use anilibria_client::transfer::ReleaseLookup;
///
/// let reflector = client.reflector().unpaced().build();
/// reflector.load().await?;
/// let catalog = reflector.catalog();
/// let lookup = ReleaseLookup::new(&catalog);
///
/// let entry = catalog.get(1).unwrap();
/// let found = lookup.by_mal_id(entry.mal_id.unwrap());
/// assert!(found.iter().any(|release| release.id == entry.id));
/// # Ok(())
/// # });
/// ```
#[derive(Debug)]
pub struct ReleaseLookup<'c> {
    catalog: &'c Catalog,
    mal: HashMap<u64, Vec<&'c CatalogEntry>>,
    shikimori: HashMap<u64, Vec<&'c CatalogEntry>>,
    episodes: HashMap<EpisodeId, &'c CatalogEntry>,
}

impl<'c> ReleaseLookup<'c> {
    /// Builds the index.
    pub fn new(catalog: &'c Catalog) -> Self {
        let mut lookup =
            Self { catalog, mal: HashMap::new(), shikimori: HashMap::new(), episodes: HashMap::new() };
        for entry in catalog.iter() {
            for (index, id) in [(&mut lookup.mal, entry.mal_id), (&mut lookup.shikimori, entry.shikimori_id)]
            {
                if let Some(id) = id {
                    index.entry(id).or_default().push(entry);
                }
            }
            lookup.episodes.extend(entry.episodes.iter().flatten().map(|episode| (episode.id, entry)));
        }
        lookup
    }

    /// Returns the releases with this id at MyAnimeList, the newest first.
    pub fn by_mal_id(&self, id: u64) -> &[&'c CatalogEntry] {
        self.mal.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns the releases with this id at Shikimori, the newest first.
    pub fn by_shikimori_id(&self, id: u64) -> &[&'c CatalogEntry] {
        self.shikimori.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns the release of an episode.
    pub fn by_episode(&self, id: EpisodeId) -> Option<&'c CatalogEntry> {
        self.episodes.get(&id).copied()
    }

    /// Returns the releases that an entry means: by the first of its ids that the catalog knows, in the order AniLibria,
    /// MyAnimeList, Shikimori, and then by its alias.
    pub fn of_entry(&self, entry: &ListEntry) -> Vec<&'c CatalogEntry> {
        if let Some(release) = entry.release_id.and_then(|id| self.catalog.get(id)) {
            return vec![release];
        }
        let by_mal = entry.mal_id.map_or(&[][..], |id| self.by_mal_id(id));
        let by_shikimori = || entry.shikimori_id.map_or(&[][..], |id| self.by_shikimori_id(id));
        let by_id = if by_mal.is_empty() { by_shikimori() } else { by_mal };
        if !by_id.is_empty() {
            return by_id.to_vec();
        }
        entry.alias.as_deref().and_then(|alias| self.catalog.by_alias(alias)).into_iter().collect()
    }
}
