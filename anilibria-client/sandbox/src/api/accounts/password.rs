//! `/accounts/users/auth/password`: reset of a forgotten password.

use crate::account::EMAIL;
use crate::operation::{Call, Route};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) const ROUTES: &[Route] = &[
    Route::post("/accounts/users/auth/password/forget", forget),
    Route::post("/accounts/users/auth/password/reset", reset),
];

fn forget(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let email = check.required("email");
    check.finish()?;
    // The response is the same for all addresses, so it does not disclose accounts.
    if email == EMAIL {
        call.state.account().password.create_reset_token();
    }
    Ok(Reply::blank())
}

fn reset(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let (token, password) = (check.required("token"), check.required("password"));
    if check.required("password_confirmation") != password {
        check.fail("password", "The password field confirmation does not match.".to_owned());
    }
    check.finish()?;
    if call.state.account().password.set(token, password) {
        Ok(Reply::blank())
    } else {
        Err(Problem::not_found("This password reset token is invalid."))
    }
}
