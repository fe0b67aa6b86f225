//! An immutable snapshot of the whole catalog.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{entry::CatalogEntry, order::Orders, search::Index};
use crate::{
    model::{GenreId, Release, ReleaseId},
    saved::{SavedFormat, Unreadable},
};

const FORMAT: SavedFormat = SavedFormat { magic: *b"ALrc", version: 4 };

/// Names of the genres of all releases.
pub(super) type Genres = BTreeMap<GenreId, Box<str>>;

/// A snapshot of the whole catalog.
///
/// [`get`](Self::get) and [`by_alias`](Self::by_alias) return one release, [`query`](Self::query) filters, sorts and searches.
/// Ten thousand releases take about 40 MB, mostly for episodes and descriptions.
#[derive(Default)]
pub struct Catalog {
    /// Sorted by descending id.
    pub(super) entries: Box<[Arc<CatalogEntry>]>,
    /// Indices of entries, sorted by alias.
    aliases: Box<[u32]>,
    pub(super) genres: Arc<Genres>,
    pub(super) orders: Orders,
    pub(super) index: Index,
}

impl Catalog {
    pub(super) fn new(entries: impl IntoIterator<Item = Arc<CatalogEntry>>, genres: Arc<Genres>) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.id));
        entries.dedup_by_key(|entry| entry.id);
        let entries = entries.into_boxed_slice();
        let mut aliases: Vec<_> = (0..).zip(&entries).collect();
        aliases.sort_by_key(|(_, entry)| &*entry.alias);
        let aliases = aliases.into_iter().map(|(place, _)| place).collect();
        let index = Index::new(&entries);
        Self { entries, aliases, genres, orders: Orders::default(), index }
    }

    /// Returns the number of releases.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns true if there is no release, as before the first load.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the releases, highest id first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &CatalogEntry> {
        self.entries.iter().map(AsRef::as_ref)
    }

    /// Returns the release with this id.
    pub fn get(&self, id: impl Into<ReleaseId>) -> Option<&CatalogEntry> {
        self.shared(id.into()).map(AsRef::as_ref)
    }

    /// Returns the release with this alias. Case matters.
    pub fn by_alias(&self, alias: &str) -> Option<&CatalogEntry> {
        let of = |place: &u32| self.at(*place).map_or("", |entry| &entry.alias);
        let found = self.aliases.binary_search_by(|place| of(place).cmp(alias)).ok()?;
        self.at(*self.aliases.get(found)?)
    }

    /// Returns the name of a genre; `None` if no release has the genre.
    pub fn genre(&self, id: GenreId) -> Option<&str> {
        self.genres.get(&id).map(AsRef::as_ref)
    }

    /// Returns the genres of all releases, sorted by id.
    pub fn genres(&self) -> impl ExactSizeIterator<Item = (GenreId, &str)> {
        self.genres.iter().map(|(id, name)| (*id, name.as_ref()))
    }

    /// Returns the names of the genres of a release, in the service's order.
    pub fn genres_of<'c>(&'c self, entry: &'c CatalogEntry) -> impl Iterator<Item = &'c str> {
        entry.genres.iter().filter_map(|id| self.genre(*id))
    }

    /// Returns the catalog as bytes, for [`from_bytes`](Self::from_bytes) after a restart.
    pub fn to_bytes(&self) -> Vec<u8> {
        let entries: Vec<_> = self.entries.iter().map(AsRef::as_ref).collect::<Vec<&CatalogEntry>>();
        FORMAT.write(&(self.genres.as_ref(), entries))
    }

    /// Reads a catalog from the bytes that [`to_bytes`](Self::to_bytes) returned, in about ten microseconds a release.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if the bytes are something else, damaged, or written by a version with another format.
    ///
    /// ```
    /// use anilibria_client::reflector::Catalog;
    ///
    /// let bytes = Catalog::default().to_bytes();
    ///
    /// assert!(Catalog::from_bytes(&bytes).is_ok_and(|catalog| catalog.is_empty()));
    /// assert!(Catalog::from_bytes(&bytes[1..]).is_err());
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (genres, entries): (Genres, Vec<CatalogEntry>) = FORMAT.read(bytes)?;
        Ok(Self::new(entries.into_iter().map(Arc::new), Arc::new(genres)))
    }

    pub(super) fn at(&self, place: u32) -> Option<&CatalogEntry> {
        self.entries.get(place as usize).map(AsRef::as_ref)
    }

    fn shared(&self, id: ReleaseId) -> Option<&Arc<CatalogEntry>> {
        let found = self.entries.binary_search_by(|entry| id.cmp(&entry.id)).ok()?;
        self.entries.get(found)
    }

    /// Returns this catalog with `releases` in place of their old entries.
    pub(super) fn with(&self, releases: &[Release]) -> Self {
        let mut genres = Genres::clone(&self.genres);
        collect_genres(&mut genres, releases);
        let changed = releases.iter().map(|release| Arc::new(CatalogEntry::from(release)));
        // Sorting is stable and the first entry of each id stays, so that the new entries replace the old ones.
        Self::new(changed.chain(self.entries.iter().cloned()), Arc::new(genres))
    }
}

/// Creates a catalog of complete releases, for a test or from another source.
impl FromIterator<Release> for Catalog {
    fn from_iter<I: IntoIterator<Item = Release>>(releases: I) -> Self {
        let releases: Vec<_> = releases.into_iter().collect();
        Self::default().with(&releases)
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The releases would be too long to read.
        f.debug_struct("Catalog").field("releases", &self.len()).finish_non_exhaustive()
    }
}

/// Adds the genres of `releases`. A later name replaces an earlier one of the same genre.
pub(super) fn collect_genres(genres: &mut Genres, releases: &[Release]) {
    for genre in releases.iter().flat_map(|release| release.genres.iter().flatten()) {
        if genres.get(&genre.id).is_none_or(|known| **known != *genre.name) {
            genres.insert(genre.id, genre.name.as_str().into());
        }
    }
}
