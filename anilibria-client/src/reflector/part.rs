//! Single releases of a catalog, for stores with an entry for each release.

use std::{collections::HashSet, sync::Arc};

use super::{Catalog, entry::CatalogEntry};
use crate::{
    model::{GenreId, ReleaseId},
    saved::{SavedFormat, Unreadable},
};

const FORMAT: SavedFormat = SavedFormat { magic: *b"ALrp", version: 4 };

/// A release of a [`Catalog`] with the names of its genres, which can be saved on its own. Cheap to clone.
///
/// ```
/// use anilibria_client::reflector::{Catalog, CatalogPart};
///
/// # fn example(catalog: &Catalog) -> Result<(), Box<dyn std::error::Error>> {
/// let saved: Vec<_> = catalog.parts().map(|part| (part.id(), part.to_bytes())).collect();
///
/// let parts: Vec<_> = saved.iter().map(|(_, bytes)| CatalogPart::from_bytes(bytes)).collect::<Result<_, _>>()?;
/// assert_eq!(parts.into_iter().collect::<Catalog>().len(), catalog.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogPart {
    entry: Arc<CatalogEntry>,
    genres: Vec<(GenreId, Box<str>)>,
}

impl CatalogPart {
    /// Returns the id of the release.
    pub fn id(&self) -> ReleaseId {
        self.entry.id
    }

    /// Returns the release.
    pub fn entry(&self) -> &CatalogEntry {
        &self.entry
    }

    /// Returns the release as bytes, which are the same as long as the release does not change.
    pub fn to_bytes(&self) -> Vec<u8> {
        FORMAT.write(&(&self.genres, self.entry.as_ref()))
    }

    /// Reads a release from the bytes that [`to_bytes`](Self::to_bytes) returned, in about ten microseconds.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if the bytes are something else, damaged, or written by a version with another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let (genres, entry) = FORMAT.read::<(Vec<(GenreId, Box<str>)>, CatalogEntry)>(bytes)?;
        Ok(Self { entry: Arc::new(entry), genres })
    }
}

impl Catalog {
    /// Returns the releases one by one, highest id first.
    pub fn parts(&self) -> impl ExactSizeIterator<Item = CatalogPart> {
        self.entries.iter().map(|entry| {
            let named = |id: &GenreId| Some((*id, self.genre(*id)?.into()));
            CatalogPart { entry: Arc::clone(entry), genres: entry.genres.iter().filter_map(named).collect() }
        })
    }

    /// Returns this catalog with `parts` in place of their old entries, and without the releases `gone`.
    pub fn with_parts(
        &self,
        parts: impl IntoIterator<Item = CatalogPart>,
        gone: impl IntoIterator<Item = ReleaseId>,
    ) -> Self {
        let mut genres = self.genres.as_ref().clone();
        let mut changed = Vec::new();
        for part in parts {
            for (id, name) in part.genres {
                if genres.get(&id) != Some(&name) {
                    genres.insert(id, name);
                }
            }
            changed.push(part.entry);
        }
        let gone: HashSet<_> = gone.into_iter().collect();
        let kept = self.entries.iter().filter(|entry| !gone.contains(&entry.id)).cloned();
        // Sorting is stable and the first entry of each id stays, so that the new entries replace the old ones.
        Self::new(changed.into_iter().chain(kept), Arc::new(genres))
    }
}

impl FromIterator<CatalogPart> for Catalog {
    fn from_iter<I: IntoIterator<Item = CatalogPart>>(parts: I) -> Self {
        Self::default().with_parts(parts, [])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Release;

    fn catalog(releases: &[(u32, &str)]) -> Catalog {
        let release = |(id, genre): &(u32, &str)| -> Release {
            let genres = json!([{"id": 5, "name": genre}]);
            serde_json::from_value(json!({"id": id, "name": {"main": "Имя"}, "genres": genres})).unwrap()
        };
        releases.iter().map(release).collect()
    }

    #[test]
    fn catalog_is_the_same_after_it_was_taken_apart() {
        let before = catalog(&[(1, "Драма"), (2, "Драма")]);

        let parts = before.parts().map(|part| CatalogPart::from_bytes(&part.to_bytes()).unwrap());
        let after: Catalog = parts.collect();

        assert!(after.iter().eq(before.iter()) && after.genres().eq(before.genres()));
        assert_eq!(after.to_bytes(), before.to_bytes());
    }

    #[test]
    fn changed_parts_take_the_place_of_old_ones_and_gone_ones_leave() {
        let before = catalog(&[(1, "Драма"), (2, "Драма"), (3, "Драма")]);
        let changed = catalog(&[(2, "Комедия"), (4, "Комедия")]);

        let after = before.with_parts(changed.parts(), [ReleaseId::from(1)]);

        assert_eq!(after.iter().map(|entry| entry.id.get()).collect::<Vec<_>>(), [4, 3, 2]);
        assert_eq!(after.genre(GenreId::from(5)), Some("Комедия"));
    }

    #[test]
    fn damaged_part_is_refused() {
        let mut bytes = catalog(&[(1, "Драма")]).parts().next().unwrap().to_bytes();
        *bytes.last_mut().unwrap() ^= 1;

        assert_eq!(CatalogPart::from_bytes(&bytes), Err(Unreadable::Damaged));
    }
}
