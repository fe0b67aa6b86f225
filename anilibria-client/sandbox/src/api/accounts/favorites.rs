//! `/accounts/users/me/favorites`: the favorite releases of the account.

use std::cmp::Ordering;

use serde_json::Value;

use crate::account::Account;
use crate::api::filter::Filter;
use crate::catalog::reference::Choice;
use crate::catalog::{Catalog, Release, Sorting};
use crate::operation::{Call, Route};
use crate::page::{MAX_SIZE, Page};
use crate::params::Check;
use crate::problem::Problem;
use crate::reply::Reply;

use super::items;
use super::release_list;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/accounts/users/me/favorites/ids", ids),
    Route::get("/accounts/users/me/favorites/references/age-ratings", |call| {
        reference(call, release_list::age_ratings)
    }),
    Route::get("/accounts/users/me/favorites/references/genres", |call| {
        reference(call, release_list::genres)
    }),
    Route::get("/accounts/users/me/favorites/references/sorting", sortings),
    Route::get("/accounts/users/me/favorites/references/types", |call| reference(call, release_list::kinds)),
    Route::get("/accounts/users/me/favorites/references/years", |call| reference(call, release_list::years)),
    Route::get("/accounts/users/me/favorites/releases", releases),
    // The same query, with its parameters in a JSON body.
    Route::post("/accounts/users/me/favorites/releases", releases),
    Route::post("/accounts/users/me/favorites", add),
    Route::delete("/accounts/users/me/favorites", remove),
];

fn ids(call: &Call<'_>) -> Result<Reply, Problem> {
    Ok(remaining(&*call.account()?))
}

fn add(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    for release in items::read(&call.body, items::release_id)? {
        account.favorites.put(release, ()).map_err(release_list::full)?;
    }
    Ok(remaining(&account))
}

fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    let releases = items::read(&call.body, items::release_id)?;
    account.favorites.remove(&releases);
    Ok(remaining(&account))
}

/// Returns the whole list. Each change of the list has this response.
fn remaining(account: &Account) -> Reply {
    account.favorites.entries().iter().map(|entry| Value::from(entry.release)).collect::<Value>().into()
}

fn reference(call: &Call<'_>, render: fn(&[&Release]) -> Reply) -> Result<Reply, Problem> {
    let account = call.account()?;
    let catalog = call.state.catalog();
    Ok(render(&existing_favorites(&account, &catalog)))
}

fn sortings(call: &Call<'_>) -> Result<Reply, Problem> {
    drop(call.account()?);
    Ok(Order::all().map(Order::json).collect::<Value>().into())
}

fn releases(call: &Call<'_>) -> Result<Reply, Problem> {
    let account = call.account()?;
    let mut check = Check::new(&call.params);
    let page = Page::read(&mut check, MAX_SIZE);
    let order = check.one_of("f.sorting", Order::find).unwrap_or(Order::AddedLast);
    let filter = Filter::of_account_list(&mut check, &call.params);
    check.finish()?;
    let catalog = call.state.catalog();
    let mut releases = existing_favorites(&account, &catalog);
    releases.retain(|release| filter.accepts(release));
    if order == Order::AddedLast {
        releases.reverse();
    }
    releases.sort_by(|one, other| order.compare(one, other));
    Ok(release_list::page(call, &catalog, page, &releases))
}

/// Returns the favorites that exist, in the order of their insertion.
fn existing_favorites<'a>(account: &Account, catalog: &'a Catalog) -> Vec<&'a Release> {
    release_list::existing(catalog, account.favorites.entries().iter().map(|entry| entry.release))
}

/// Orders of favorites: the orders of the catalog and two more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    AddedLast,
    AddedFirst,
    By(Sorting),
}

impl Order {
    fn all() -> impl Iterator<Item = Self> {
        [Self::AddedLast, Self::AddedFirst].into_iter().chain(Sorting::ALL.into_iter().map(Self::By))
    }

    fn find(value: &str) -> Option<Self> {
        Self::all().find(|order| order.json()["value"] == value)
    }

    fn json(self) -> Value {
        let choice = match self {
            Self::AddedLast => Choice {
                value: "CREATED_AT_DESC",
                label: "Добавлены недавно",
                description: "Сначала отобразятся недавно добавленные релизы",
            },
            Self::AddedFirst => Choice {
                value: "CREATED_AT_ASC",
                label: "Добавлены давно",
                description: "Сначала отобразятся давно добавленные релизы",
            },
            Self::By(sorting) => sorting.choice(),
        };
        choice.labelled_json()
    }

    /// Compares two releases. Equal releases stay in the order of their insertion.
    fn compare(self, one: &Release, other: &Release) -> Ordering {
        match self {
            Self::AddedLast | Self::AddedFirst => Ordering::Equal,
            Self::By(sorting) => sorting.compare(one, other),
        }
    }
}
