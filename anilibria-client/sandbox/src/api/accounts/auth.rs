//! `/accounts/users/auth`: login with a password, and logout.

use http::StatusCode;
use serde_json::json;

use crate::operation::{Call, Route, UNAUTHENTICATED};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) const ROUTES: &[Route] =
    &[Route::post("/accounts/users/auth/login", login), Route::post("/accounts/users/auth/logout", logout)];

fn login(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let (login, password) = (check.required("login"), check.required("password"));
    check.finish()?;
    let token = call.state.account().log_in(login, password);
    let token = token.ok_or_else(|| {
        Problem::new(StatusCode::UNAUTHORIZED, "These credentials do not match our records.")
    })?;
    Ok(json!({"token": token}).into())
}

fn logout(call: &Call<'_>) -> Result<Reply, Problem> {
    let is_closed = call.token().is_some_and(|token| call.state.account().sessions.close(token));
    if !is_closed {
        // This route responds with 401, other routes of the account with 403.
        return Err(Problem::new(StatusCode::UNAUTHORIZED, UNAUTHENTICATED));
    }
    Ok(json!({"token": null}).into())
}
