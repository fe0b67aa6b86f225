//! `/anime/torrents/rss`: feeds of torrents.

use http::StatusCode;

use crate::operation::{Call, Route};
use crate::page::MAX_SIZE;
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;

/// Default number of torrents in the feed.
const DEFAULT_LIMIT: usize = 10;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/anime/torrents/rss", latest),
    Route::get("/anime/torrents/rss/release/{release}", of_release),
];

fn latest(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let limit = check.limit(DEFAULT_LIMIT, MAX_SIZE);
    check.finish()?;
    let catalog = call.state.catalog();
    let torrents = catalog.torrents().iter().take(limit);
    let torrents = torrents.filter_map(|(id, place)| Some((catalog.release(*id)?, *place)));
    Ok(xml(call.view(&catalog).feed("AniLiberty: новые торренты", torrents, call.passkey())))
}

fn of_release(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    // Only a number is accepted, not an alias.
    let id = call.segment("release").parse().ok();
    let release =
        id.and_then(|id| catalog.release(id)).ok_or_else(|| Problem::not_found("Release not found."))?;
    let title = format!("AniLiberty: {}", release.title.main);
    let torrents = (0..release.torrents.len()).map(|place| (release, place));
    Ok(xml(call.view(&catalog).feed(&title, torrents, call.passkey())))
}

fn xml(text: String) -> Reply {
    Reply::new(StatusCode::OK, "application/xml", text.into())
}
