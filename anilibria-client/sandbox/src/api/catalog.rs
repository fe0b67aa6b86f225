//! `/anime/catalog/releases`: the catalog with filters, orders and pages.

use crate::catalog::Sorting;
use crate::operation::{Call, Route};
use crate::page::{MAX_SIZE, Page};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;

use super::filter::Filter;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/anime/catalog/releases", releases),
    // The same query, with its parameters in a JSON body.
    Route::post("/anime/catalog/releases", releases),
];

fn releases(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let page = Page::read(&mut check, MAX_SIZE);
    let sorting = check.one_of("f.sorting", Sorting::find).unwrap_or(Sorting::FreshAtDesc);
    let filter = Filter::read(&mut check, &call.params);
    check.finish()?;
    let catalog = call.state.catalog();
    let view = call.view(&catalog);
    let releases: Vec<_> = catalog.sorted(sorting).filter(|release| filter.accepts(release)).collect();
    let items = page.slice(&releases).iter().map(|release| view.release_with_genres(release));
    let data = call.projection.apply_all(items);
    Ok(page.envelope(call, releases.len(), data).into())
}
