//! `/anime/schedule`: releases in production, by weekday.

use serde_json::{Value, json};

use crate::catalog::{Catalog, Release};
use crate::operation::{Call, Route};
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) const ROUTES: &[Route] =
    &[Route::get("/anime/schedule/now", now), Route::get("/anime/schedule/week", week)];

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn now(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let view = call.view(&catalog);
    let releases = in_production(&catalog);
    let today = call.state.weekday();
    let on = |day: u8| -> Value {
        let releases = releases.iter().filter(|release| release.publish_day == day);
        call.projection.apply_all(releases.map(|release| view.scheduled(release))).into()
    };
    Ok(json!({
        "today": on(today),
        "tomorrow": on(today % 7 + 1),
        "yesterday": on((today + 5) % 7 + 1),
    })
    .into())
}

#[expect(clippy::unnecessary_wraps, reason = "handlers share one type")]
fn week(call: &Call<'_>) -> Result<Reply, Problem> {
    let catalog = call.state.catalog();
    let view = call.view(&catalog);
    Ok(call.list(in_production(&catalog).into_iter().map(|release| view.scheduled(release))))
}

/// Returns the releases in production, from Monday to Sunday. Older releases of a day come first.
fn in_production(catalog: &Catalog) -> Vec<&Release> {
    let mut releases: Vec<_> = catalog.releases().iter().filter(|release| release.is_in_production).collect();
    releases.sort_by_key(|release| (release.publish_day, release.id));
    releases
}
