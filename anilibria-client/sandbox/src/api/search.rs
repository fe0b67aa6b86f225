//! `/app/search`: releases by name.

use std::cmp::Reverse;

use crate::catalog::{best_match, fold};
use crate::operation::{Call, Route};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::view;

/// Maximum number of releases in a result.
const MAX_FOUND: usize = 20;

pub(super) const ROUTES: &[Route] = &[Route::get("/app/search/releases", releases)];

fn releases(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let query = fold(check.required("query"));
    check.finish()?;
    let catalog = call.state.catalog();
    let mut found: Vec<_> = catalog
        .releases()
        .iter()
        .filter_map(|release| Some((best_match(&release.folded, &query)?, release)))
        .collect();
    // Popular releases come first among equal matches.
    found.sort_by_key(|(rank, release)| (*rank, Reverse(release.favorites), release.id));
    found.truncate(MAX_FOUND);
    Ok(call.list(found.into_iter().map(|(_, release)| view::release(release))))
}
