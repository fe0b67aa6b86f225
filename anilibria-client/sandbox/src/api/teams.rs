//! `/teams`: teams, roles and members of the service.

use crate::catalog::staff;
use crate::operation::{Call, Route};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::view;

pub(super) const ROUTES: &[Route] = &[
    // The API document has a trailing slash here. The live service accepts the path without it as well.
    Route::get("/teams/", teams),
    Route::get("/teams", teams),
    Route::get("/teams/roles", roles),
    Route::get("/teams/users", users),
];

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn teams(call: &Call<'_>) -> Result<Reply, Problem> {
    let teams = staff::teams(call.state.catalog().seed());
    Ok(call.list(teams.iter().map(view::team)))
}

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn roles(call: &Call<'_>) -> Result<Reply, Problem> {
    let roles = staff::roles(call.state.catalog().seed());
    Ok(call.list(roles.iter().map(view::role)))
}

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn users(call: &Call<'_>) -> Result<Reply, Problem> {
    let people = staff::people(call.state.catalog().seed());
    Ok(call.list(people.iter().map(view::person)))
}
