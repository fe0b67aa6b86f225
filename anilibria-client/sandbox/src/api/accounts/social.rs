//! `/accounts/users/auth/social`: login through a social network.

use serde_json::json;
use url::form_urlencoded;

use crate::account::PROVIDERS;
use crate::operation::{Call, Route};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/accounts/users/auth/social/authenticate", authenticate),
    Route::get("/accounts/users/auth/social/{provider}/login", login),
];

fn login(call: &Call<'_>) -> Result<Reply, Problem> {
    let provider = call.segment("provider");
    let provider = PROVIDERS.iter().find(|(name, _)| *name == provider);
    let (_, page) = provider.ok_or_else(|| Problem::not_found("Social network not found."))?;
    let state = call.state.account().socials.begin();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "sandbox")
        .append_pair("response_type", "code")
        .append_pair("scope", "email")
        .append_pair("state", &state)
        .finish();
    Ok(json!({"url": format!("{page}?{query}"), "state": state}).into())
}

fn authenticate(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut check = Check::new(&call.params);
    let state = check.required("state");
    check.finish()?;
    let token = call.state.account().log_in_with_state(state);
    let token =
        token.ok_or_else(|| Problem::not_found("The state is unknown, or its login is not finished."))?;
    Ok(json!({"token": token}).into())
}
