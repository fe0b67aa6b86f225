//! `/app/search`: releases by name.

use std::cmp::Reverse;

use crate::catalog::{best_match, fold};
use crate::operation::{Call, Route};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::view;

/// The most releases a search gives.
const MAX_FOUND: usize = 20;

pub(super) const ROUTES: &[Route] = &[Route::get("/app/search/releases", releases)];

fn releases(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let query = fold(check.required("query"));
    check.finish()?;
    let catalog = call.world.catalog();
    let mut found: Vec<_> = catalog
        .releases()
        .iter()
        .filter_map(|release| Some((best_match(&release.folded, &query)?, release)))
        .collect();
    // Among equals the more popular one is the likelier meant.
    found.sort_by_key(|(rank, release)| (*rank, Reverse(release.favorites), release.id));
    found.truncate(MAX_FOUND);
    Ok(call.list(found.into_iter().map(|(_, release)| view::release(release))))
}
