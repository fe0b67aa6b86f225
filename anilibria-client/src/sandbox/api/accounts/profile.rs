//! `/accounts/users/me/profile`: who is signed in.

use crate::sandbox::problem::Problem;
use crate::sandbox::reply::Reply;
use crate::sandbox::router::{Call, Route};
use crate::sandbox::view;

pub(super) const ROUTES: &[Route] = &[Route::get("/accounts/users/me/profile", profile)];

fn profile(call: &Call<'_>) -> Result<Reply, Problem> {
    drop(call.account()?);
    Ok(call.item(view::profile(&call.world.passkey())))
}
