//! An immutable snapshot of the whole catalogue.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{entry::CatalogueEntry, order::Orders, search::Index};
use crate::{
    model::{GenreId, Release, ReleaseId},
    saved::{Form, Unreadable},
};

const FORM: Form = Form { magic: *b"ALrc", version: 3 };

/// The names of the genres, once for all releases.
pub(super) type Genres = BTreeMap<GenreId, Box<str>>;

/// The whole catalogue as it was at one moment.
///
/// Look up a release by [`get`](Self::get) or [`by_alias`](Self::by_alias); everything else is a
/// [`query`](Self::query). Ten thousand releases take some 40 MB, most of it their episodes and descriptions.
#[derive(Default)]
pub struct Catalogue {
    /// By descending id.
    pub(super) entries: Box<[Arc<CatalogueEntry>]>,
    /// Places of entries, by alias.
    aliases: Box<[u32]>,
    pub(super) genres: Arc<Genres>,
    pub(super) orders: Orders,
    pub(super) index: Index,
}

impl Catalogue {
    pub(super) fn new(entries: impl IntoIterator<Item = Arc<CatalogueEntry>>, genres: Arc<Genres>) -> Self {
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

    /// How many releases there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none, as before the first load.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The releases, the newest id first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &CatalogueEntry> {
        self.entries.iter().map(AsRef::as_ref)
    }

    /// The release under this id.
    pub fn get(&self, id: impl Into<ReleaseId>) -> Option<&CatalogueEntry> {
        self.shared(id.into()).map(AsRef::as_ref)
    }

    /// The release under this alias, spelled exactly so.
    pub fn by_alias(&self, alias: &str) -> Option<&CatalogueEntry> {
        let of = |place: &u32| self.at(*place).map_or("", |entry| &entry.alias);
        let found = self.aliases.binary_search_by(|place| of(place).cmp(alias)).ok()?;
        self.at(*self.aliases.get(found)?)
    }

    /// The name of a genre that some release has.
    pub fn genre(&self, id: GenreId) -> Option<&str> {
        self.genres.get(&id).map(AsRef::as_ref)
    }

    /// The genres that some release has, by id.
    pub fn genres(&self) -> impl ExactSizeIterator<Item = (GenreId, &str)> {
        self.genres.iter().map(|(id, name)| (*id, name.as_ref()))
    }

    /// The names of the genres of a release, in the service's order.
    pub fn genres_of<'c>(&'c self, entry: &'c CatalogueEntry) -> impl Iterator<Item = &'c str> {
        entry.genres.iter().filter_map(|id| self.genre(*id))
    }

    /// The catalogue as bytes, for [`from_bytes`](Self::from_bytes) after a restart.
    pub fn to_bytes(&self) -> Vec<u8> {
        let entries: Vec<_> = self.entries.iter().map(AsRef::as_ref).collect::<Vec<&CatalogueEntry>>();
        FORM.write(&(self.genres.as_ref(), entries))
    }

    /// The catalogue that [`to_bytes`](Self::to_bytes) made `bytes` of. Some ten microseconds a release.
    ///
    /// ```
    /// use anilibria_client::reflector::Catalogue;
    ///
    /// let bytes = Catalogue::default().to_bytes();
    ///
    /// assert!(Catalogue::from_bytes(&bytes).is_ok_and(|catalogue| catalogue.is_empty()));
    /// assert!(Catalogue::from_bytes(&bytes[1..]).is_err());
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (genres, entries): (Genres, Vec<CatalogueEntry>) = FORM.read(bytes)?;
        Ok(Self::new(entries.into_iter().map(Arc::new), Arc::new(genres)))
    }

    pub(super) fn at(&self, place: u32) -> Option<&CatalogueEntry> {
        self.entries.get(place as usize).map(AsRef::as_ref)
    }

    fn shared(&self, id: ReleaseId) -> Option<&Arc<CatalogueEntry>> {
        let found = self.entries.binary_search_by(|entry| id.cmp(&entry.id)).ok()?;
        self.entries.get(found)
    }

    /// This catalogue with `releases` in place of what it has of them.
    pub(super) fn with(&self, releases: &[Release]) -> Self {
        let mut genres = Genres::clone(&self.genres);
        collect_genres(&mut genres, releases);
        let changed = releases.iter().map(|release| Arc::new(CatalogueEntry::from(release)));
        // Sorting is stable and keeps the first of those with one id, so that the changed ones win.
        Self::new(changed.chain(self.entries.iter().cloned()), Arc::new(genres))
    }
}

/// Made of whole releases, for a test or from some other source.
impl FromIterator<Release> for Catalogue {
    fn from_iter<I: IntoIterator<Item = Release>>(releases: I) -> Self {
        let releases: Vec<_> = releases.into_iter().collect();
        Self::default().with(&releases)
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ten thousand releases help nobody who prints a catalogue.
        f.debug_struct("Catalogue").field("releases", &self.len()).finish_non_exhaustive()
    }
}

/// Takes up the genres of `releases`; a later name of the same genre wins.
pub(super) fn collect_genres(genres: &mut Genres, releases: &[Release]) {
    for genre in releases.iter().flat_map(|release| release.genres.iter().flatten()) {
        if genres.get(&genre.id).is_none_or(|known| **known != *genre.name) {
            genres.insert(genre.id, genre.name.as_str().into());
        }
    }
}
