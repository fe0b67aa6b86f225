//! `/anime/torrents`: torrents, each with its release.

use crate::operation::{Call, Route};
use crate::page::{MAX_SIZE, Page};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::view;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/anime/torrents", all),
    Route::get("/anime/torrents/{torrent}", one),
    Route::get("/anime/torrents/release/{release}", of_release),
];

fn all(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let page = Page::read(&mut check, MAX_SIZE);
    check.finish()?;
    let catalog = call.state.catalog();
    let torrents = catalog.torrents();
    let items = page.slice(torrents).iter();
    let items = items.filter_map(|(id, place)| Some(view::torrent(catalog.release(*id)?, *place)));
    let data = call.projection.apply_all(items);
    Ok(page.envelope(call, torrents.len(), data).into())
}

fn one(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let (release, place) = catalog
        .find_torrent(call.segment("torrent"))
        .ok_or_else(|| Problem::not_found("Torrent not found."))?;
    Ok(call.item(view::torrent(release, place)))
}

fn of_release(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    // Only a number is accepted here, not an alias as in the routes of releases.
    let id = call.segment("release").parse().ok();
    let release =
        id.and_then(|id| catalog.release(id)).ok_or_else(|| Problem::not_found("Release not found."))?;
    Ok(call.list((0..release.torrents.len()).map(|place| view::torrent(release, place))))
}
