//! Rendering of genres.

use serde_json::{Value, json};

use super::View;
use super::image::image;
use crate::catalog::Release;
use crate::catalog::genre::Genre;
use crate::random;

impl View<'_> {
    /// Renders a genre with the number of its releases.
    pub(crate) fn genre(&self, genre: &Genre) -> Value {
        // Genres are the same in all catalogs, and so are their pictures.
        let rng = &mut random::stream(0, "genre", u64::from(genre.id));
        let names = std::array::from_fn(|_| random::file_name(rng));
        json!({
            "id": genre.id,
            "name": genre.name,
            "image": image(&format!("genres/{}", genre.id), &names),
            "total_releases": self.catalog.genre_count(genre),
        })
    }

    /// Renders the genres of a release, ordered by id.
    pub(super) fn genres_of(&self, release: &Release) -> Value {
        release.genres.iter().map(|genre| self.genre(genre)).collect()
    }
}
