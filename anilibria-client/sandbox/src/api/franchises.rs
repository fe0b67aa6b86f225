//! `/anime/franchises`: groups of related releases.

use crate::operation::{Call, Route};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/anime/franchises", all),
    Route::get("/anime/franchises/random", random),
    Route::get("/anime/franchises/{franchise}", one),
    Route::get("/anime/franchises/release/{release}", of_release),
];

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn all(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let view = call.view(&catalog);
    Ok(call.list(catalog.franchises().map(|franchise| view.franchise(franchise))))
}

fn random(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let limit = check.integer_in("limit", 1..=i64::from(u32::MAX));
    check.finish()?;
    // Without a limit the live service returns all franchises.
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let catalog = call.state.catalog();
    let view = call.view(&catalog);
    let chosen = call.state.sample(catalog.franchises(), limit);
    Ok(call.list(chosen.into_iter().map(|franchise| view.franchise(franchise))))
}

fn one(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let id = call.segment("franchise").to_ascii_lowercase();
    let franchise = catalog.franchises().find(|franchise| franchise.id.to_string() == id);
    let franchise = franchise.ok_or_else(|| Problem::not_found("Franchise not found."))?;
    Ok(call.item(call.view(&catalog).franchise_with_releases(franchise)))
}

fn of_release(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let id: u32 = call.segment("release").parse().map_err(|_| Problem::not_found("Release not found."))?;
    let view = call.view(&catalog);
    let franchise = catalog.release(id).and_then(|release| catalog.franchise_of(release));
    Ok(call.list(franchise.into_iter().map(|franchise| view.franchise_with_releases(franchise))))
}
