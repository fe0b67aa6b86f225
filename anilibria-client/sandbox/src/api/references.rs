//! `/anime/catalog/references`: values of the filters of the catalog.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::catalog::Sorting;
use crate::catalog::genre;
use crate::catalog::reference::{AGE_RATINGS, Choice, KINDS, PRODUCTION_STATUSES, PUBLISH_STATUSES, SEASONS};
use crate::operation::{Call, Route};
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/anime/catalog/references/age-ratings", |_| {
        listed(AGE_RATINGS.iter(), |rating| rating.labelled_json())
    }),
    Route::get("/anime/catalog/references/genres", genres),
    Route::get("/anime/catalog/references/production-statuses", |_| described(&PRODUCTION_STATUSES)),
    Route::get("/anime/catalog/references/publish-statuses", |_| described(&PUBLISH_STATUSES)),
    Route::get("/anime/catalog/references/seasons", |_| described(&SEASONS)),
    Route::get("/anime/catalog/references/sorting", |_| {
        listed(Sorting::ALL.iter(), |sorting| sorting.choice().labelled_json())
    }),
    Route::get("/anime/catalog/references/types", |_| described(&KINDS)),
    Route::get("/anime/catalog/references/years", years),
];

fn genres(_: &Call<'_>) -> Result<Reply, Problem> {
    listed(genre::by_id().into_iter(), |genre| json!({"id": genre.id, "name": genre.name}))
}

fn years(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let years: BTreeSet<_> = catalog.releases().iter().map(|release| release.year).collect();
    listed(years.into_iter(), Value::from)
}

fn described(choices: &[&Choice]) -> Result<Reply, Problem> {
    listed(choices.iter(), |choice| choice.json())
}

#[expect(clippy::unnecessary_wraps, reason = "it is the last word of handlers, which can fail")]
fn listed<T>(items: impl Iterator<Item = T>, render: impl Fn(T) -> Value) -> Result<Reply, Problem> {
    Ok(items.map(render).collect::<Value>().into())
}
