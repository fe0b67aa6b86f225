//! What the stand-in answers.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    answer::Answer,
    asked::Asked,
    feed,
    world::{USER, World},
};
use crate::{
    model::ReleaseId,
    v3::model::{FeedItem, ScheduleDay, SeedStats, Team, Title, User},
};

/// What an endpoint says: an answer, or why there is none.
type Said = Result<Value, (StatusCode, &'static str)>;

const NOT_FOUND: (StatusCode, &str) = (StatusCode::NOT_FOUND, "not found");

/// Answers a request.
pub(super) fn answer(world: &World, method: &Method, path: &str, query: &str, body: &[u8]) -> Answer {
    if path == "/public/login.php" && method == Method::POST {
        return json(&log_in(world, &Asked::new(body)));
    }
    let asked = Asked::new(query.as_bytes());
    let route = path.trim_start_matches('/').split_once('/').filter(|(version, _)| version.starts_with("v3"));
    let route = route.map_or("", |(_, route)| route);
    if route == "torrent/rss" && method == Method::GET {
        return feed::answer(world, &asked);
    }
    match said(world, method, route, &asked) {
        Ok(value) => json(&value),
        Err((status, message)) => {
            let error = json!({"error": {"code": status.as_u16(), "message": message}});
            Answer { status, ..json(&error) }
        }
    }
}

fn json(value: &Value) -> Answer {
    Answer { status: StatusCode::OK, content_type: "application/json", body: value.to_string() }
}

fn said(world: &World, method: &Method, route: &str, asked: &Asked) -> Said {
    match (method, route) {
        (&Method::GET, "title") => title(world, asked),
        (&Method::GET, "title/list") => Ok(titles(world, asked)),
        (&Method::GET, "title/updates") => Ok(newest(world, asked, |title| title.updated)),
        (&Method::GET, "title/changes") => Ok(newest(world, asked, |title| title.last_change)),
        (&Method::GET, "title/schedule") => Ok(schedule(world, asked)),
        (&Method::GET, "title/random") => world.draw().map(|title| json!(title)).ok_or(NOT_FOUND),
        (&Method::GET, "title/search") => {
            Ok(asked.page(world.titles().iter().filter(|title| is_found(title, asked))))
        }
        (&Method::GET, "title/search/advanced") => {
            let query = asked.text("query").or(asked.text("simple_query"));
            query.ok_or((StatusCode::PRECONDITION_FAILED, "query or simple_query is needed"))?;
            Ok(asked.page(world.titles().iter()))
        }
        (&Method::GET, "title/franchises") => {
            let of = |title: &Title| title.franchises.clone().unwrap_or_default();
            Ok(json!(by_id(world, asked.number("id").ok_or(NOT_FOUND)?).as_ref().map(of).unwrap_or_default()))
        }
        (&Method::GET, "franchise/list") => Ok(asked.page(&world.franchises)),
        (&Method::GET, "youtube") => {
            Ok(asked.page(world.videos.iter().filter(|video| is_newer(video.timestamp, asked))))
        }
        (&Method::GET, "feed") => Ok(news(world, asked)),
        (&Method::GET, "years") => Ok(json!(all(world, |title| title.season.year.into_iter().collect()))),
        (&Method::GET, "genres") => Ok(json!(all(world, |title| title.genres.clone()))),
        (&Method::GET, "team") => Ok(json!(team(world))),
        (&Method::GET, "torrent/seed_stats") => Ok(seed_stats(asked)),
        (&Method::GET, "user") => account(world, asked, |_| Ok(json!(user()))),
        (_, "user/favorites") => favorites(world, method, asked),
        _ => Err(NOT_FOUND),
    }
}

fn by_id(world: &World, id: i64) -> Option<Title> {
    world.titles().iter().find(|title| i64::from(title.id.get()) == id).cloned()
}

fn title(world: &World, asked: &Asked) -> Said {
    let titles = world.titles();
    let has_torrent =
        |title: &Title, id: u64| title.torrents.list.iter().any(|one| one.torrent_id.get() == id);
    let found = match (asked.number("id"), asked.text("code"), asked.number("torrent_id")) {
        (Some(id), ..) => titles.iter().find(|title| i64::from(title.id.get()) == id),
        (_, Some(code), _) => titles.iter().find(|title| title.code == code),
        (.., Some(id)) => titles.iter().find(|title| has_torrent(title, id.unsigned_abs())),
        _ => return Err((StatusCode::PRECONDITION_FAILED, "id, code or torrent_id is needed")),
    };
    found.map(|title| json!(title)).ok_or(NOT_FOUND)
}

/// A bare list, as the old service gave it, unless a page is asked for.
fn titles(world: &World, asked: &Asked) -> Value {
    let titles = world.titles();
    let torrents = asked.list("torrent_id_list");
    let has_torrent = |title: &Title| {
        title.torrents.list.iter().any(|one| torrents.contains(&one.torrent_id.to_string().as_str()))
    };
    let by_id =
        asked.list("id_list").into_iter().filter_map(|id| titles.iter().find(|one| one.id.to_string() == id));
    let by_code =
        asked.list("code_list").into_iter().filter_map(|code| titles.iter().find(|one| one.code == code));
    let found = by_id.chain(by_code).chain(titles.iter().filter(|title| has_torrent(title)));
    let is_page = asked.text("page").or(asked.text("items_per_page")).is_some();
    if is_page { asked.page(found) } else { json!(found.collect::<Vec<_>>()) }
}

fn newest(world: &World, asked: &Asked, date: fn(&Title) -> Option<OffsetDateTime>) -> Value {
    let titles = world.titles();
    let mut titles: Vec<_> = titles.iter().filter(|title| is_newer(date(title), asked)).collect();
    titles.sort_by_key(|title| (std::cmp::Reverse(date(title)), title.id));
    asked.page(titles)
}

fn is_newer(date: Option<OffsetDateTime>, asked: &Asked) -> bool {
    date.map_or(0, OffsetDateTime::unix_timestamp) > asked.number("since").unwrap_or(-1)
}

fn schedule(world: &World, asked: &Asked) -> Value {
    let titles = world.titles();
    let on = |day: u8| titles.iter().filter(|one| one.season.week_day == Some(day)).cloned().collect();
    let days = (0..7).filter(|day: &u8| asked.wants("days", [day.to_string().as_str()]));
    json!(days.map(|day| ScheduleDay::<Title> { day, list: on(day) }).collect::<Vec<_>>())
}

fn is_found(title: &Title, asked: &Asked) -> bool {
    let text = asked.text("search").unwrap_or_default().to_lowercase();
    let names = [Some(&title.names.ru), title.names.en.as_ref(), title.names.alternative.as_ref()];
    let year = title.season.year.map(|year| year.to_string());
    let season = title.season.code.map(|code| code.number().to_string());
    let code = title.kind.code.map(|code| code.number().to_string());
    let Team { voice, translator, editing, decor, timing } = &title.team;
    let by = |key: &str, names: &Vec<String>| asked.wants(key, names.iter().map(String::as_str));
    let everyone = [voice, translator, editing, decor, timing].into_iter().flatten().cloned().collect();
    names.into_iter().flatten().any(|name| name.to_lowercase().contains(&text))
        && asked.wants("year", year.as_deref())
        && asked.wants("season_code", season.as_deref())
        && asked.wants("type", code.as_deref().into_iter().chain(title.kind.string.as_deref()))
        && by("genres", &title.genres)
        && by("team", &everyone)
        && by("voice", voice)
        && by("translator", translator)
        && by("editing", editing)
        && by("decor", decor)
        && by("timing", timing)
}

fn news(world: &World, asked: &Asked) -> Value {
    let titles = world.titles().clone().into_iter();
    let titles = titles.map(|title| (title.updated, FeedItem::Title(Box::new(title))));
    let videos = world.videos.iter().map(|video| (video.timestamp, FeedItem::YouTube(video.clone())));
    let mut items: Vec<_> = titles.chain(videos).filter(|(date, _)| is_newer(*date, asked)).collect();
    items.sort_by_key(|(date, _)| std::cmp::Reverse(*date));
    asked.page(items.into_iter().map(|(_, item)| item))
}

fn all<T: Ord>(world: &World, values: impl Fn(&Title) -> Vec<T>) -> BTreeSet<T> {
    world.titles().iter().flat_map(values).collect()
}

fn team(world: &World) -> Team {
    let of = |names: fn(&Team) -> &Vec<String>| {
        all(world, |title| names(&title.team).clone()).into_iter().collect::<Vec<_>>()
    };
    Team {
        voice: of(|team| &team.voice),
        translator: of(|team| &team.translator),
        editing: of(|team| &team.editing),
        decor: of(|team| &team.decor),
        timing: of(|team| &team.timing),
    }
}

fn seed_stats(asked: &Asked) -> Value {
    let users = [("bob", 3, 7), ("alice", 5, 2), ("carol", 1, 4)].map(|(user, downloaded, uploaded)| {
        SeedStats { user: user.to_owned(), downloaded: downloaded << 30, uploaded: uploaded << 30 }
    });
    let mut users: Vec<_> =
        users.into_iter().filter(|stats| asked.wants("users", [stats.user.as_str()])).collect();
    match asked.text("sort_by") {
        Some("user") => users.sort_by(|one, other| one.user.cmp(&other.user)),
        Some("downloaded") => users.sort_by_key(|stats| stats.downloaded),
        _ => users.sort_by_key(|stats| stats.uploaded),
    }
    if asked.number("order") != Some(1) {
        users.reverse();
    }
    asked.page(users)
}

fn user() -> User {
    User {
        login: Some(USER.to_owned()),
        nickname: Some(USER.to_owned()),
        email: Some("demo@example.org".to_owned()),
        ..User::default()
    }
}

fn account(world: &World, asked: &Asked, then: impl FnOnce(&mut Vec<ReleaseId>) -> Said) -> Said {
    let account = world.account(asked.text("session").unwrap_or_default());
    let mut account = account.ok_or((StatusCode::UNAUTHORIZED, "there is no such session"))?;
    then(&mut account.favorites)
}

fn favorites(world: &World, method: &Method, asked: &Asked) -> Said {
    let named = || asked.number("title_id").and_then(|id| by_id(world, id)).map(|title| title.id);
    account(world, asked, |favorites| {
        match *method {
            Method::GET => {
                let titles = favorites.iter().filter_map(|id| by_id(world, id.get().into()));
                return Ok(asked.page(titles));
            }
            Method::PUT => {
                let id = named().ok_or(NOT_FOUND)?;
                favorites.retain(|known| *known != id);
                favorites.push(id);
            }
            Method::DELETE => {
                let id = named().ok_or(NOT_FOUND)?;
                favorites.retain(|known| *known != id);
            }
            _ => return Err((StatusCode::METHOD_NOT_ALLOWED, "method not allowed")),
        }
        Ok(json!({"success": true}))
    })
}

fn log_in(world: &World, asked: &Asked) -> Value {
    let refused = |key: &str| json!({"err": "error", "mes": "not logged in", "key": key});
    match (asked.text("mail"), asked.text("passwd")) {
        (None, _) | (_, None) => refused("empty"),
        (Some(USER), Some(USER)) => {
            json!({"err": "ok", "mes": "welcome", "key": "success", "sessionId": world.log_in()})
        }
        (Some(USER), Some(_)) => refused("wrongPasswd"),
        _ => refused("invalidUser"),
    }
}
