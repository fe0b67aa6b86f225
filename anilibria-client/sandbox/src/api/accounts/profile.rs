//! `/accounts/users/me/profile`: profile of the account.

use crate::operation::{Call, Route};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::view;

pub(super) const ROUTES: &[Route] = &[Route::get("/accounts/users/me/profile", profile)];

fn profile(call: &Call<'_>) -> Result<Reply, Problem> {
    drop(call.account()?);
    Ok(call.item(view::profile(&call.state.passkey())))
}
