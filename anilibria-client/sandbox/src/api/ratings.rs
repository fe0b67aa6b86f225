//! `/anime/releases/{id}/rating`: rating of a release by the account.

use serde_json::json;

use crate::operation::{Call, Route};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/anime/releases/{release}/rating", get),
    Route::post("/anime/releases/{release}/rating", set),
    Route::delete("/anime/releases/{release}/rating", remove),
];

fn get(call: &Call<'_>) -> Result<Reply, Problem> {
    let account = call.account()?;
    let release = release(call)?;
    Ok(score_reply(release, account.scores.get(&release).copied()))
}

fn set(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    let release = release(call)?;
    let mut check = Check::new(&call.params);
    check.required("score");
    let score = check.integer_in("score", 1..=10).and_then(|score| u8::try_from(score).ok());
    check.finish()?;
    account.scores.extend(score.map(|score| (release, score)));
    Ok(score_reply(release, score))
}

fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    let release = release(call)?;
    account.scores.remove(&release);
    Ok(score_reply(release, None))
}

fn score_reply(release: u32, score: Option<u8>) -> Reply {
    json!({"release_id": release, "score": score}).into()
}

/// Returns the id in the path. Only a number is accepted, not an alias.
fn release(call: &Call<'_>) -> Result<u32, Problem> {
    let id = call.segment("release").parse().ok();
    let catalog = call.state.catalog();
    let release = id.and_then(|id| catalog.release(id)).map(|release| release.id);
    release.ok_or_else(|| Problem::not_found("Release not found."))
}
