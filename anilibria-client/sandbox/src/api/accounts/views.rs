//! `/accounts/users/me/views`: time codes of watched episodes.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;

use crate::account::Mark;
use crate::operation::{Call, Route};
use crate::page::{MAX_SIZE, Page};
use crate::params::Check;
use crate::problem::Problem;
use crate::projection::Projection;
use crate::reply::Reply;

use super::items::{self, Item};
use super::release_list;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/accounts/users/me/views/history", history),
    Route::get("/accounts/users/me/views/timecodes", timecodes),
    Route::post("/accounts/users/me/views/timecodes", add),
    Route::delete("/accounts/users/me/views/timecodes", remove),
];

fn history(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    let mut check = Check::new(&call.params);
    let page = Page::read(&mut check, MAX_SIZE);
    check.finish()?;
    let views = account.views.delayed(call.state.now());
    let catalog = call.state.catalog();
    let view = call.view(&catalog);
    // On this route the live service supports `include` and ignores `exclude`.
    let projection = Projection::including(&call.params);
    let data = projection.apply_all(page.slice(&views).iter().map(|stored| view.view_with_episode(stored)));
    Ok(page.envelope(call, views.len(), data).into())
}

fn timecodes(call: &Call<'_>) -> Result<Reply, Problem> {
    let account = call.account()?;
    let mut check = Check::new(&call.params);
    let since = since(&mut check, call);
    check.finish()?;
    let views = account.views.since(since).into_iter();
    let tuples = views.map(|stored| json!([stored.mark.episode, stored.mark.time, stored.mark.is_watched]));
    Ok(tuples.collect::<Value>().into())
}

fn since(check: &mut Check<'_>, call: &Call<'_>) -> Option<OffsetDateTime> {
    // A plus sign without percent-encoding is decoded as a space.
    let text = call.params.text("since")?.replace(' ', "+");
    let since = OffsetDateTime::parse(&text, &Iso8601::PARSING).ok();
    if since.is_none() {
        check.fail("since", "The since field must be a valid date.".to_owned());
    }
    since
}

fn add(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    let marks = items::read(&call.body, mark)?;
    let now = call.state.now();
    for mark in marks {
        account.views.put(mark, now).map_err(release_list::full)?;
    }
    Ok(Reply::blank())
}

fn mark(item: &mut Item<'_>) -> Option<Mark> {
    let episode = items::episode_id(item);
    let time = item.field("time", "must be a number of at least 0", |value| match value {
        Value::Number(time) if time.as_f64().is_some_and(|time| time >= 0.0) => Some(time.clone()),
        _ => None,
    });
    let is_watched = item.field("is_watched", "must be true or false", Value::as_bool);
    Some(Mark { episode: episode?, time: time?, is_watched: is_watched? })
}

fn remove(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut account = call.account()?;
    let episodes = items::read(&call.body, items::episode_id)?;
    let now = call.state.now();
    for episode in episodes {
        account.views.remove(episode, now);
    }
    Ok(Reply::blank())
}
