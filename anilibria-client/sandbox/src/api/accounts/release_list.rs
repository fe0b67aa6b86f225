//! Common parts of favorites and collections: pages of releases, and the values of filters.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::account::Full;
use crate::catalog::genre;
use crate::catalog::reference::{AGE_RATINGS, KINDS};
use crate::catalog::{Catalog, Release};
use crate::operation::Call;
use crate::page::Page;
use crate::problem::Problem;
use crate::reply::Reply;

/// Returns the existing releases with one of `ids`.
pub(super) fn existing(catalog: &Catalog, ids: impl Iterator<Item = u32>) -> Vec<&Release> {
    ids.filter_map(|id| catalog.release(id)).collect()
}

/// Creates the response with a page of `releases`.
pub(super) fn page(call: &Call<'_>, catalog: &Catalog, page: Page, releases: &[&Release]) -> Reply {
    let view = call.view(catalog);
    let items = page.slice(releases).iter().map(|release| view.listed_release(release, &call.projection));
    let data = call.projection.apply_all(items);
    page.envelope(call, releases.len(), data).into()
}

/// Age ratings of `releases`, lowest first.
pub(super) fn age_ratings(releases: &[&Release]) -> Reply {
    let found =
        AGE_RATINGS.iter().filter(|rating| releases.iter().any(|release| release.age_rating == **rating));
    found.map(|rating| rating.labelled_json()).collect::<Value>().into()
}

/// Genres of `releases`, ordered by id.
pub(super) fn genres(releases: &[&Release]) -> Reply {
    let found = genre::by_id()
        .into_iter()
        .filter(|genre| releases.iter().any(|release| release.genres.contains(genre)));
    found.map(|genre| json!({"id": genre.id, "name": genre.name})).collect::<Value>().into()
}

/// Types of `releases`.
pub(super) fn kinds(releases: &[&Release]) -> Reply {
    let found = KINDS.iter().filter(|kind| releases.iter().any(|release| release.kind == **kind));
    found.map(|kind| kind.json()).collect::<Value>().into()
}

/// Years of `releases` in ascending order.
pub(super) fn years(releases: &[&Release]) -> Reply {
    let years: BTreeSet<_> = releases.iter().map(|release| release.year).collect();
    years.into_iter().map(Value::from).collect::<Value>().into()
}

/// Creates the error response for a full list.
pub(super) fn full(_: Full) -> Problem {
    Problem::invalid_field("body", "The list has reached its maximum length.")
}
