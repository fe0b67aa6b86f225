//! Time codes below `/anime/releases`: progress of the account in an episode or a release.

use std::collections::HashSet;

use crate::operation::{Call, Route};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::view;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/anime/releases/episodes/{episode}/timecode", of_episode),
    Route::get("/anime/releases/{release}/episodes/timecodes", of_release),
];

fn of_episode(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    let episode = call.segment("episode").parse().ok();
    let stored = episode.and_then(|episode| account.views.delayed_of(episode, call.state.now()));
    let stored = stored.ok_or_else(|| Problem::not_found("The episode has no time code."))?;
    Ok(call.item(view::view(stored)))
}

fn of_release(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    let catalog = call.state.catalog();
    let release =
        catalog.find(call.segment("release")).ok_or_else(|| Problem::not_found("Release not found."))?;
    let episodes: HashSet<_> = release.episodes.iter().map(|episode| episode.id).collect();
    let views = account.views.delayed(call.state.now());
    let views = views.into_iter().filter(|stored| episodes.contains(&stored.mark.episode));
    Ok(call.list(views.map(view::view)))
}
