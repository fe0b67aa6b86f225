//! `/anime/genres`: genres and their releases.

use crate::catalog::Sorting;
use crate::catalog::genre::{self, Genre};
use crate::operation::{Call, Route};
use crate::page::Page;
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::view;

/// Maximum number of releases of a genre on one page, lower than on other routes.
const MAX_RELEASES: i64 = 30;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/anime/genres", all),
    Route::get("/anime/genres/random", random),
    Route::get("/anime/genres/{genre}", one),
    Route::get("/anime/genres/{genre}/releases", releases),
];

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn all(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let view = call.view(&catalog);
    Ok(call.list(genre::by_id().into_iter().map(|genre| view.genre(genre))))
}

fn random(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let limit = check.integer("limit");
    check.finish()?;
    let genres = genre::by_id();
    // An invalid limit returns all genres.
    let limit = limit
        .and_then(|limit| usize::try_from(limit).ok())
        .filter(|limit| (1..=genres.len()).contains(limit));
    let catalog = call.state.catalog();
    let view = call.view(&catalog);
    let count = limit.unwrap_or(genres.len());
    let chosen = call.state.sample(genres.into_iter(), count);
    Ok(call.list(chosen.into_iter().map(|genre| view.genre(genre))))
}

fn one(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    Ok(call.item(call.view(&catalog).genre(find(call)?)))
}

fn releases(call: &Call<'_>) -> Result<Reply, Problem> {
    let genre = find(call)?;
    let mut check = Check::new(&call.params);
    let page = Page::read(&mut check, MAX_RELEASES);
    check.finish()?;
    let catalog = call.state.catalog();
    let releases: Vec<_> =
        catalog.sorted(Sorting::FreshAtDesc).filter(|release| release.genres.contains(genre)).collect();
    let data = call.projection.apply_all(page.slice(&releases).iter().map(|release| view::release(release)));
    Ok(page.envelope(call, releases.len(), data).into())
}

fn find(call: &Call<'_>) -> Result<&'static Genre, Problem> {
    let id = call.segment("genre").parse().ok();
    id.and_then(genre::find).ok_or_else(|| Problem::not_found("Genre not found."))
}
