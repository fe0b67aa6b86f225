//! Rendering of franchises.

use serde_json::{Value, json};

use super::image::image;
use super::{View, hundredths, release, with};
use crate::catalog::{Franchise, Release, Totals};
use crate::random;

impl View<'_> {
    /// Renders a franchise of a list.
    pub(crate) fn franchise(&self, franchise: &Franchise) -> Value {
        let totals = Totals::of(self.members_of(franchise));
        let rng = &mut random::stream(franchise.seed, "image", 0);
        let names = std::array::from_fn(|_| random::file_name(rng));
        json!({
            "id": franchise.id,
            "name": franchise.title.main,
            "name_english": franchise.title.english,
            "image": image(&format!("franchises/{}", franchise.id), &names),
            "rating": totals.rating.map(hundredths),
            "first_year": totals.first_year,
            "last_year": totals.last_year,
            "total_releases": franchise.members.len(),
            "total_episodes": totals.episodes,
            "total_duration": totals.duration(),
            "total_duration_in_seconds": totals.seconds,
        })
    }

    /// Renders a franchise with its releases in the order of display.
    pub(crate) fn franchise_with_releases(&self, franchise: &Franchise) -> Value {
        let releases: Value = (1_u32..)
            .zip(self.members_of(franchise))
            .map(|(sort_order, member)| {
                let id = random::uuid(&mut random::stream(franchise.seed, "member", u64::from(member.id)));
                let link = json!({
                    "id": id,
                    "franchise_id": franchise.id,
                    "release_id": member.id,
                    "sort_order": sort_order,
                });
                with(link, [("release", release(member))])
            })
            .collect();
        with(self.franchise(franchise), [("franchise_releases", releases)])
    }

    fn members_of<'f>(&'f self, franchise: &'f Franchise) -> impl Iterator<Item = &'f Release> + Clone {
        franchise.members.iter().filter_map(|id| self.catalog.release(*id))
    }
}
