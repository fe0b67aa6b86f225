//! Routes of the stand-in.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    params::Params,
    route_response::RouteResponse,
    rss,
    state::{State, USER},
};
use crate::{
    model::ReleaseId,
    v3::model::{FeedItem, ScheduleDay, SeedStats, Team, Title, User},
};

/// Result of a route: the JSON of the response, or a status with a message.
type RouteResult = Result<Value, (StatusCode, &'static str)>;

const NOT_FOUND: (StatusCode, &str) = (StatusCode::NOT_FOUND, "not found");

/// Answers a request.
pub(super) fn respond(state: &State, method: &Method, path: &str, query: &str, body: &[u8]) -> RouteResponse {
    if path == "/public/login.php" && method == Method::POST {
        return json(&log_in(state, &Params::new(body)));
    }
    let params = Params::new(query.as_bytes());
    let route = path.trim_start_matches('/').split_once('/').filter(|(version, _)| version.starts_with("v3"));
    let route = route.map_or("", |(_, route)| route);
    if route == "torrent/rss" && method == Method::GET {
        return rss::respond(state, &params);
    }
    match dispatch(state, method, route, &params) {
        Ok(value) => json(&value),
        Err((status, message)) => {
            let error = json!({"error": {"code": status.as_u16(), "message": message}});
            RouteResponse { status, ..json(&error) }
        }
    }
}

fn json(value: &Value) -> RouteResponse {
    RouteResponse { status: StatusCode::OK, content_type: "application/json", body: value.to_string() }
}

fn dispatch(state: &State, method: &Method, route: &str, params: &Params) -> RouteResult {
    match (method, route) {
        (&Method::GET, "title") => title(state, params),
        (&Method::GET, "title/list") => Ok(titles(state, params)),
        (&Method::GET, "title/updates") => Ok(newest(state, params, |title| title.updated)),
        (&Method::GET, "title/changes") => Ok(newest(state, params, |title| title.last_change)),
        (&Method::GET, "title/schedule") => Ok(schedule(state, params)),
        (&Method::GET, "title/random") => state.random_title().map(|title| json!(title)).ok_or(NOT_FOUND),
        (&Method::GET, "title/search") => {
            Ok(params.page(state.titles().iter().filter(|title| is_found(title, params))))
        }
        (&Method::GET, "title/search/advanced") => {
            let query = params.text("query").or(params.text("simple_query"));
            query.ok_or((StatusCode::PRECONDITION_FAILED, "query or simple_query is required"))?;
            Ok(params.page(state.titles().iter()))
        }
        (&Method::GET, "title/franchises") => {
            let of = |title: &Title| title.franchises.clone().unwrap_or_default();
            Ok(json!(
                by_id(state, params.number("id").ok_or(NOT_FOUND)?).as_ref().map(of).unwrap_or_default()
            ))
        }
        (&Method::GET, "franchise/list") => Ok(params.page(&state.franchises)),
        (&Method::GET, "youtube") => {
            Ok(params.page(state.videos.iter().filter(|video| is_newer(video.timestamp, params))))
        }
        (&Method::GET, "feed") => Ok(feed(state, params)),
        (&Method::GET, "years") => Ok(json!(all(state, |title| title.season.year.into_iter().collect()))),
        (&Method::GET, "genres") => Ok(json!(all(state, |title| title.genres.clone()))),
        (&Method::GET, "team") => Ok(json!(team(state))),
        (&Method::GET, "torrent/seed_stats") => Ok(seed_stats(params)),
        (&Method::GET, "user") => account(state, params, |_| Ok(json!(user()))),
        (_, "user/favorites") => favorites(state, method, params),
        _ => Err(NOT_FOUND),
    }
}

fn by_id(state: &State, id: i64) -> Option<Title> {
    state.titles().iter().find(|title| i64::from(title.id.get()) == id).cloned()
}

fn title(state: &State, params: &Params) -> RouteResult {
    let titles = state.titles();
    let has_torrent =
        |title: &Title, id: u64| title.torrents.list.iter().any(|one| one.torrent_id.get() == id);
    let found = match (params.number("id"), params.text("code"), params.number("torrent_id")) {
        (Some(id), ..) => titles.iter().find(|title| i64::from(title.id.get()) == id),
        (_, Some(code), _) => titles.iter().find(|title| title.code == code),
        (.., Some(id)) => titles.iter().find(|title| has_torrent(title, id.unsigned_abs())),
        _ => return Err((StatusCode::PRECONDITION_FAILED, "id, code or torrent_id is required")),
    };
    found.map(|title| json!(title)).ok_or(NOT_FOUND)
}

/// Returns a list without a page around it, as the old service did, unless the request asks for a page.
fn titles(state: &State, params: &Params) -> Value {
    let titles = state.titles();
    let torrents = params.list("torrent_id_list");
    let has_torrent = |title: &Title| {
        title.torrents.list.iter().any(|one| torrents.contains(&one.torrent_id.to_string().as_str()))
    };
    let by_id = params
        .list("id_list")
        .into_iter()
        .filter_map(|id| titles.iter().find(|one| one.id.to_string() == id));
    let by_code =
        params.list("code_list").into_iter().filter_map(|code| titles.iter().find(|one| one.code == code));
    let found = by_id.chain(by_code).chain(titles.iter().filter(|title| has_torrent(title)));
    let is_page = params.text("page").or(params.text("items_per_page")).is_some();
    if is_page { params.page(found) } else { json!(found.collect::<Vec<_>>()) }
}

fn newest(state: &State, params: &Params, date: fn(&Title) -> Option<OffsetDateTime>) -> Value {
    let titles = state.titles();
    let mut titles: Vec<_> = titles.iter().filter(|title| is_newer(date(title), params)).collect();
    titles.sort_by_key(|title| (std::cmp::Reverse(date(title)), title.id));
    params.page(titles)
}

fn is_newer(date: Option<OffsetDateTime>, params: &Params) -> bool {
    date.map_or(0, OffsetDateTime::unix_timestamp) > params.number("since").unwrap_or(-1)
}

fn schedule(state: &State, params: &Params) -> Value {
    let titles = state.titles();
    let on = |day: u8| titles.iter().filter(|one| one.season.week_day == Some(day)).cloned().collect();
    let days = (0..7).filter(|day: &u8| params.selects("days", [day.to_string().as_str()]));
    json!(days.map(|day| ScheduleDay::<Title> { day, list: on(day) }).collect::<Vec<_>>())
}

fn is_found(title: &Title, params: &Params) -> bool {
    let text = params.text("search").unwrap_or_default().to_lowercase();
    let names = [Some(&title.names.ru), title.names.en.as_ref(), title.names.alternative.as_ref()];
    let year = title.season.year.map(|year| year.to_string());
    let season = title.season.code.map(|code| code.number().to_string());
    let code = title.kind.code.map(|code| code.number().to_string());
    let Team { voice, translator, editing, decor, timing } = &title.team;
    let by = |key: &str, names: &Vec<String>| params.selects(key, names.iter().map(String::as_str));
    let everyone = [voice, translator, editing, decor, timing].into_iter().flatten().cloned().collect();
    names.into_iter().flatten().any(|name| name.to_lowercase().contains(&text))
        && params.selects("year", year.as_deref())
        && params.selects("season_code", season.as_deref())
        && params.selects("type", code.as_deref().into_iter().chain(title.kind.string.as_deref()))
        && by("genres", &title.genres)
        && by("team", &everyone)
        && by("voice", voice)
        && by("translator", translator)
        && by("editing", editing)
        && by("decor", decor)
        && by("timing", timing)
}

fn feed(state: &State, params: &Params) -> Value {
    let titles = state.titles().clone().into_iter();
    let titles = titles.map(|title| (title.updated, FeedItem::Title(Box::new(title))));
    let videos = state.videos.iter().map(|video| (video.timestamp, FeedItem::YouTube(video.clone())));
    let mut items: Vec<_> = titles.chain(videos).filter(|(date, _)| is_newer(*date, params)).collect();
    items.sort_by_key(|(date, _)| std::cmp::Reverse(*date));
    params.page(items.into_iter().map(|(_, item)| item))
}

fn all<T: Ord>(state: &State, values: impl Fn(&Title) -> Vec<T>) -> BTreeSet<T> {
    state.titles().iter().flat_map(values).collect()
}

fn team(state: &State) -> Team {
    let of = |names: fn(&Team) -> &Vec<String>| {
        all(state, |title| names(&title.team).clone()).into_iter().collect::<Vec<_>>()
    };
    Team {
        voice: of(|team| &team.voice),
        translator: of(|team| &team.translator),
        editing: of(|team| &team.editing),
        decor: of(|team| &team.decor),
        timing: of(|team| &team.timing),
    }
}

fn seed_stats(params: &Params) -> Value {
    let users = [("bob", 3, 7), ("alice", 5, 2), ("carol", 1, 4)].map(|(user, downloaded, uploaded)| {
        SeedStats { user: user.to_owned(), downloaded: downloaded << 30, uploaded: uploaded << 30 }
    });
    let mut users: Vec<_> =
        users.into_iter().filter(|stats| params.selects("users", [stats.user.as_str()])).collect();
    match params.text("sort_by") {
        Some("user") => users.sort_by(|one, other| one.user.cmp(&other.user)),
        Some("downloaded") => users.sort_by_key(|stats| stats.downloaded),
        _ => users.sort_by_key(|stats| stats.uploaded),
    }
    if params.number("order") != Some(1) {
        users.reverse();
    }
    params.page(users)
}

fn user() -> User {
    User {
        login: Some(USER.to_owned()),
        nickname: Some(USER.to_owned()),
        email: Some("demo@example.org".to_owned()),
        ..User::default()
    }
}

fn account(
    state: &State,
    params: &Params,
    then: impl FnOnce(&mut Vec<ReleaseId>) -> RouteResult,
) -> RouteResult {
    let account = state.account(params.text("session").unwrap_or_default());
    let mut account = account.ok_or((StatusCode::UNAUTHORIZED, "no such session"))?;
    then(&mut account.favorites)
}

fn favorites(state: &State, method: &Method, params: &Params) -> RouteResult {
    let find_title = || params.number("title_id").and_then(|id| by_id(state, id)).map(|title| title.id);
    account(state, params, |favorites| {
        match *method {
            Method::GET => {
                let titles = favorites.iter().filter_map(|id| by_id(state, id.get().into()));
                return Ok(params.page(titles));
            }
            Method::PUT => {
                let id = find_title().ok_or(NOT_FOUND)?;
                favorites.retain(|known| *known != id);
                favorites.push(id);
            }
            Method::DELETE => {
                let id = find_title().ok_or(NOT_FOUND)?;
                favorites.retain(|known| *known != id);
            }
            _ => return Err((StatusCode::METHOD_NOT_ALLOWED, "method not allowed")),
        }
        Ok(json!({"success": true}))
    })
}

fn log_in(state: &State, params: &Params) -> Value {
    let refused = |key: &str| json!({"err": "error", "mes": "not logged in", "key": key});
    match (params.text("mail"), params.text("passwd")) {
        (None, _) | (_, None) => refused("empty"),
        (Some(USER), Some(USER)) => {
            json!({"err": "ok", "mes": "welcome", "key": "success", "sessionId": state.log_in()})
        }
        (Some(USER), Some(_)) => refused("wrongPasswd"),
        _ => refused("invalidUser"),
    }
}
