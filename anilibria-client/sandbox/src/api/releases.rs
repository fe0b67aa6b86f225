//! `/anime/releases`: latest, random, recommended and listed releases, single releases, and episodes.

use std::cmp::Reverse;
use std::collections::HashSet;

use serde_json::Value;

use crate::catalog::{Catalog, Release, Sorting};
use crate::operation::{Call, Route};
use crate::page::{MAX_SIZE, Page};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::view;

/// Default number of releases in a list without pages.
const DEFAULT_LIMIT: usize = 15;
/// Maximum number of recommended releases. Higher limits are reduced to it.
const MAX_RECOMMENDED: usize = 14;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/anime/releases/latest", latest),
    Route::get("/anime/releases/random", random),
    Route::get("/anime/releases/recommended", recommended),
    Route::get("/anime/releases/list", list),
    Route::get("/anime/releases/episodes/{episode}", episode),
    Route::get("/anime/releases/{release}", release),
    Route::get("/anime/releases/{release}/members", members),
];

fn latest(call: &Call<'_>) -> Result<Reply, Problem> {
    // The live service ignores `page` here.
    let limit = limit(call)?;
    let catalog = call.state.catalog();
    let view = call.view(&catalog);
    let releases = catalog.sorted(Sorting::FreshAtDesc).take(limit);
    Ok(call.list(releases.map(|release| view.latest_release(release))))
}

fn random(call: &Call<'_>) -> Result<Reply, Problem> {
    let limit = limit(call)?;
    let catalog = call.state.catalog();
    let releases = call.state.sample(catalog.releases().iter(), limit);
    Ok(call.list(releases.into_iter().map(view::release)))
}

fn recommended(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let limit = check.integer_in("limit", 1..=i64::from(u32::MAX));
    let release = check.integer("release_id");
    check.finish()?;
    let limit =
        limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_RECOMMENDED).min(MAX_RECOMMENDED);
    let catalog = call.state.catalog();
    let release = release.and_then(|id| u32::try_from(id).ok()).and_then(|id| catalog.release(id));
    let releases = recommendations(&catalog, release, limit);
    Ok(call.list(releases.into_iter().map(view::release)))
}

/// Returns the releases that share the most genres with `release`. Without `release`, returns the most popular ones.
fn recommendations<'a>(catalog: &'a Catalog, release: Option<&Release>, limit: usize) -> Vec<&'a Release> {
    let mut releases: Vec<_> = catalog.sorted(Sorting::RatingDesc).collect();
    if let Some(wanted) = release {
        releases.retain(|other| other.id != wanted.id);
        // The sort is stable, so that releases with equally many common genres stay in the order of popularity.
        releases.sort_by_key(|other| Reverse(other.genres.shared(wanted.genres)));
    }
    releases.truncate(limit);
    releases
}

fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let page = Page::read(&mut check, MAX_SIZE);
    let ids = check.integers("ids");
    check.finish()?;
    let catalog = call.state.catalog();
    let view = call.view(&catalog);
    let by_id = ids.into_iter().filter_map(|id| catalog.release(u32::try_from(id).ok()?));
    let aliases = call.params.list("aliases");
    let by_alias = aliases.into_iter().filter_map(|alias| catalog.find_alias(alias));
    let mut seen = HashSet::new();
    let releases: Vec<_> = by_id.chain(by_alias).filter(|release| seen.insert(release.id)).collect();
    let items = page.slice(&releases).iter().map(|release| view.release_details(release, &call.projection));
    let data = call.projection.apply_all(items);
    Ok(page.envelope(call, releases.len(), data).into())
}

fn release(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let release = find(&catalog, call)?;
    Ok(call.item(call.view(&catalog).release_details(release, &call.projection)))
}

fn members(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let members = view::members(find(&catalog, call)?);
    // A projection applies to each item of a list, so the list is projected as a whole.
    Ok(call.item(members))
}

fn episode(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let (release, place) = catalog
        .find_episode(call.segment("episode"))
        .ok_or_else(|| Problem::not_found("Episode not found."))?;
    let episode: Value = call.view(&catalog).episode_with_release(release, place);
    Ok(call.item(episode))
}

fn find<'a>(catalog: &'a Catalog, call: &Call<'_>) -> Result<&'a Release, Problem> {
    catalog.find(call.segment("release")).ok_or_else(|| Problem::not_found("Release not found."))
}

fn limit(call: &Call<'_>) -> Result<usize, Problem> {
    let mut check = Check::new(&call.params);
    let limit = check.limit(DEFAULT_LIMIT, MAX_SIZE);
    check.finish()?;
    Ok(limit)
}
