//! `/accounts/users/me/collections`: five lists. A release is on at most one of them.

use serde_json::{Value, json};

use crate::account::Account;
use crate::api::filter::Filter;
use crate::catalog::Release;
use crate::catalog::reference::{COLLECTIONS, find};
use crate::operation::{Call, Route};
use crate::page::{MAX_SIZE, Page};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;

use super::items;
use super::release_list;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/accounts/users/me/collections/ids", ids),
    Route::get("/accounts/users/me/collections/references/age-ratings", |call| {
        reference(call, release_list::age_ratings)
    }),
    Route::get("/accounts/users/me/collections/references/genres", |call| {
        reference(call, release_list::genres)
    }),
    Route::get("/accounts/users/me/collections/references/types", |call| {
        reference(call, release_list::kinds)
    }),
    Route::get("/accounts/users/me/collections/references/years", |call| {
        reference(call, release_list::years)
    }),
    Route::get("/accounts/users/me/collections/releases", releases),
    // The same query, with its parameters in a JSON body.
    Route::post("/accounts/users/me/collections/releases", releases),
    Route::post("/accounts/users/me/collections", add),
    Route::delete("/accounts/users/me/collections", remove),
];

fn ids(call: &Call<'_>) -> Result<Reply, Problem> {
    Ok(remaining(&*call.account()?))
}

fn add(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    let entries = items::read(&call.body, |item| {
        let release = items::release_id(item);
        let collection =
            item.field("type_of_collection", "is invalid", |value| find(&COLLECTIONS, value.as_str()?));
        release.zip(collection)
    })?;
    // A release on another list moves to this one.
    for (release, collection) in entries {
        account.collections.put(release, collection).map_err(release_list::full)?;
    }
    Ok(remaining(&account))
}

fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    let releases = items::read(&call.body, items::release_id)?;
    account.collections.remove(&releases);
    Ok(remaining(&account))
}

/// Returns all pairs of release and list. Each change of the lists has this response.
fn remaining(account: &Account) -> Reply {
    let entries = account.collections.entries().iter();
    entries.map(|entry| json!([entry.release, entry.note.value])).collect::<Value>().into()
}

fn reference(call: &Call<'_>, render: fn(&[&Release]) -> Reply) -> Result<Reply, Problem> {
    let account = call.account()?;
    let catalog = call.state.catalog();
    let ids = account.collections.entries().iter().map(|entry| entry.release);
    Ok(render(&release_list::existing(&catalog, ids)))
}

fn releases(call: &Call<'_>) -> Result<Reply, Problem> {
    let account = call.account()?;
    let mut check = Check::new(&call.params);
    let page = Page::read(&mut check, MAX_SIZE);
    check.required("type_of_collection");
    let collection = check.one_of("type_of_collection", |value| find(&COLLECTIONS, value));
    let filter = Filter::of_account_list(&mut check, &call.params);
    check.finish()?;
    let catalog = call.state.catalog();
    // The newest entry comes first.
    let entries = account.collections.entries().iter().rev();
    let ids = entries.filter(|entry| Some(entry.note) == collection).map(|entry| entry.release);
    let mut releases = release_list::existing(&catalog, ids);
    releases.retain(|release| filter.accepts(release));
    Ok(release_list::page(call, &catalog, page, &releases))
}
