//! `/media`: videos, promotions, advertisements.

use http::StatusCode;

use crate::catalog::media;
use crate::operation::{Call, Route};
use crate::page::MAX_SIZE;
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::view;

/// Default number of videos.
const DEFAULT_LIMIT: usize = 15;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/media/videos", videos),
    Route::get("/media/promotions", promotions),
    Route::get("/media/vasts", vasts),
    Route::get("/media/manifest.xml", manifest),
];

fn videos(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let limit = check.integer_in("limit", i64::MIN..=MAX_SIZE);
    check.finish()?;
    let limit = match limit {
        None => DEFAULT_LIMIT,
        // An invalid limit returns all videos.
        Some(..=0) => usize::MAX,
        Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let videos = media::videos(call.state.catalog().seed());
    Ok(call.list(videos.iter().take(limit).map(view::video)))
}

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn promotions(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let promotions = media::promotions(catalog.seed(), catalog.releases().len());
    let promotions = call.state.sample(promotions.into_iter(), usize::MAX);
    let view = call.view(&catalog);
    Ok(call.list(promotions.iter().map(|promotion| view.promotion(promotion))))
}

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn vasts(call: &Call<'_>) -> Result<Reply, Problem> {
    let vasts = media::vasts(call.state.catalog().seed());
    Ok(call.list(vasts.iter().map(view::vast)))
}

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn manifest(call: &Call<'_>) -> Result<Reply, Problem> {
    let vasts = media::vasts(call.state.catalog().seed());
    Ok(Reply::new(StatusCode::OK, "application/xml", view::manifest(&vasts).into()))
}
