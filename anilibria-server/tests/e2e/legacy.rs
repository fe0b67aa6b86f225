//! API v1 of the site, and the routes of its player.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    support::{Response, Service, eventually},
    token::{SECRET, service_token},
};

const PREFIXES: [&str; 2] = ["/api/anilibria", "/api/anilibria/v1"];

fn service() -> Service {
    Service::sandbox(&["--releases", "30"], &[("LEGACY_V1_ENABLED", "true"), ("INTERNAL_JWT_SECRET", SECRET)])
}

/// Returns the data of the response to `path` under the first prefix.
async fn data(service: &Service, path: &str) -> Value {
    success(&service.send(Method::GET, &format!("{}{path}", PREFIXES[0]), None).await)["data"].clone()
}

fn success(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", response.text);
    let body = response.json();
    assert_eq!(body["success"], true, "{body}");
    assert!(body.get("meta").is_none(), "{body}");
    body
}

fn error_code(response: &Response, status: u16) -> String {
    assert_eq!(response.status.as_u16(), status, "{}", response.text);
    let body = response.json();
    assert_eq!(body["success"], false, "{body}");
    assert_eq!(body["message"], body["error"]["message"], "{body}");
    body["error"]["code"].as_str().unwrap().to_owned()
}

/// Asserts that a title has all fields that the pages of the site read.
fn check_title(title: &Value) {
    let text = |path: &str| title.pointer(path).is_some_and(Value::is_string);
    let bool = |path: &str| title.pointer(path).is_some_and(Value::is_boolean);
    let number = |path: &str| title.pointer(path).is_some_and(Value::is_number);
    for path in ["/names/ru", "/code", "/status/string", "/type/string", "/type/full_string", "/poster/src"] {
        assert!(text(path), "{path}: {title}");
    }
    for path in ["/id", "/status/code", "/season/code", "/updated", "/last_change", "/in_favorites", "/year"]
    {
        assert!(number(path), "{path}: {title}");
    }
    for path in ["/blocked/blocked", "/blocked/bakanim", "/blocked/copyrights", "/blocked/geoip"] {
        assert!(bool(path), "{path}: {title}");
    }
    for path in ["names/en", "names/alternative", "description", "announce", "rating"] {
        assert!(title.pointer(&format!("/{path}")).is_some(), "{path}: {title}");
    }
    for size in ["small", "medium", "original"] {
        let url = title["posters"][size]["url"].as_str().unwrap();
        assert!(url.starts_with("http://"), "{url}");
    }
    assert!(title["poster"]["src"].as_str().unwrap().starts_with('/'), "{title}");
    assert_eq!(title["year"], title["season"]["year"]);
    assert!(["В работе", "Завершен"].contains(&title["status"]["string"].as_str().unwrap()));
    assert!(title["genres"].as_array().unwrap().iter().all(Value::is_string), "{title}");
    assert!(title["team"]["voice"].is_array() && title["torrents"]["list"].is_array(), "{title}");
    for (number, episode) in title["player"]["list"].as_object().unwrap() {
        assert_eq!(&episode["episode"].to_string(), number);
        for quality in ["fhd", "hd", "sd"] {
            let stream = &episode["hls"][quality];
            assert!(
                stream.is_null() || stream.as_str().is_some_and(|path| path.starts_with('/')),
                "{stream}"
            );
        }
    }
}

fn ids(titles: &Value) -> Vec<u64> {
    let titles = titles.as_array().unwrap();
    titles.iter().for_each(check_title);
    titles.iter().map(|title| title["id"].as_u64().unwrap()).collect()
}

/// Returns the id and the alias of a title that has episodes.
async fn some_title(service: &Service) -> (u64, String) {
    let titles = data(service, "/titles?limit=30").await;
    let has_episodes =
        |title: &&Value| title["player"]["list"].as_object().is_some_and(|list| !list.is_empty());
    let title = titles.as_array().unwrap().iter().find(has_episodes).unwrap();
    (title["id"].as_u64().unwrap(), title["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn routes_exist_under_both_prefixes() {
    let service = service();
    let (id, code) = some_title(&service).await;

    for prefix in PREFIXES {
        for path in
            ["popular", "updates", "titles", "random", "genres", "schedule", "youtube", "years", "seasons"]
        {
            let body = success(&service.send(Method::GET, &format!("{prefix}/{path}"), None).await);
            assert!(body["data"].is_array() != (path == "youtube"), "{path}: {body}");
        }
        for path in
            [format!("/{id}"), format!("/{code}"), format!("/titles/{id}"), format!("/titles/code/{code}")]
        {
            let body = success(&service.send(Method::GET, &format!("{prefix}{path}"), None).await);
            check_title(&body["data"]);
            assert_eq!(body["data"]["id"], id, "{path}");
        }
        let team = success(&service.send(Method::GET, &format!("{prefix}/team/{id}"), None).await);
        assert!(team["data"]["voice"].is_array(), "{team}");
        let franchises = success(&service.send(Method::GET, &format!("{prefix}/franchise/{id}"), None).await);
        assert!(franchises["data"].is_array(), "{franchises}");
        let sync = success(&service.send(Method::GET, &format!("{prefix}/sync/stats"), None).await);
        assert_eq!(sync["data"], json!({"total": 0, "lastSync": null, "isMirrored": false}));
        let status = service.send(Method::GET, &format!("{prefix}/status"), None).await.json();
        assert_eq!(status, json!({"success": true, "available": true}));
    }
}

#[tokio::test]
async fn lists_have_pages_of_the_requested_size() {
    let service = service();

    for path in ["/popular", "/updates", "/titles"] {
        let page = async |page: u32| {
            let path = format!("{}{path}?limit=7&page={page}", PREFIXES[0]);
            success(&service.send(Method::GET, &path, None).await)
        };
        let (first, second) = (page(1).await, page(2).await);

        assert_eq!(first["pagination"], json!({"page": 1, "limit": 7, "total": 30}), "{path}");
        let (first, second) = (ids(&first["data"]), ids(&second["data"]));
        assert_eq!((first.len(), second.len()), (7, 7), "{path}");
        assert!(first.iter().all(|id| !second.contains(id)), "{path}");
    }
    let beyond = format!("{}/titles?limit=100&page={}", PREFIXES[0], u32::MAX);
    let beyond = success(&service.send(Method::GET, &beyond, None).await);
    assert_eq!((&beyond["data"], &beyond["pagination"]["total"]), (&json!([]), &json!(30)));
    assert_eq!(ids(&data(&service, "/random").await).len(), 1);
    assert_eq!(data(&service, "/random?limit=3").await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn title_is_found_by_name() {
    let service = service();
    let (id, _) = some_title(&service).await;
    let name = data(&service, &format!("/{id}")).await["names"]["ru"].as_str().unwrap().to_owned();
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();

    let found = data(&service, &format!("/search?search={name}")).await;
    let path = format!("{}/search/fallback?query={name}&limit=50", PREFIXES[1]);
    let fallback = success(&service.send(Method::GET, &path, None).await);

    assert!(ids(&found).contains(&id));
    assert!(ids(&fallback["data"]).contains(&id));
    assert_eq!(fallback["source"], "anilibria");
    assert_eq!(fallback["pagination"]["limit"], 50);
}

#[tokio::test]
async fn schedule_has_the_selected_days() {
    let service = service();

    let week = data(&service, "/schedule").await;
    let days = data(&service, "/schedule?days=0,2").await;

    let numbers = |days: &Value| -> Vec<u64> {
        days.as_array().unwrap().iter().map(|day| day["day"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(&week), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(numbers(&days), [0, 2]);
    week.as_array().unwrap().iter().for_each(|day| drop(ids(&day["list"])));
    assert_eq!(week[2], days[1]);
}

#[tokio::test]
async fn videos_have_the_envelope_of_v3() {
    let service = service();

    let videos = data(&service, "/youtube?limit=2").await;

    assert_eq!(videos["list"].as_array().unwrap().len(), 2, "{videos}");
    assert!(videos["list"][0]["youtube_id"].is_string(), "{videos}");
    assert_eq!(videos["pagination"]["items_per_page"], 2, "{videos}");
}

#[tokio::test]
async fn unknown_titles_and_episodes_are_not_found() {
    let service = service();

    for path in
        ["/999999999", "/titles/999999999", "/no-such-title", "/titles/code/no-such-title", "/team/999999999"]
    {
        let response = service.send(Method::GET, &format!("{}{path}", PREFIXES[0]), None).await;
        assert!(["TITLE_NOT_FOUND", "NOT_FOUND"].contains(&&*error_code(&response, 404)), "{path}");
    }
    for path in ["/video?anime_id=999999999&episode=1", "/qualities?anime_id=1&episode=4444"] {
        error_code(&service.send(Method::GET, path, None).await, 404);
    }
}

#[tokio::test]
async fn response_is_cached_and_has_an_etag() {
    let service = service();
    let (path, upstream) = (format!("{}/7", PREFIXES[0]), "/api/v1/anime/releases/7");

    let first = service.send(Method::GET, &path, None).await;
    let hits = service.upstream_hits(upstream).await;
    let again = service.get_with_headers(&[("if-none-match", first.header("etag"))], &path).await;

    assert!(first.header("cache-control").starts_with("public, max-age="), "{:?}", first.headers);
    assert_eq!(again.status, 304);
    assert_eq!((hits, service.upstream_hits(upstream).await), (1, 1));
}

#[tokio::test]
async fn header_selects_version_2() {
    let service = service();

    let titles = service.get_with_headers(&[("x-api-version", "v2")], "/api/anilibria/titles?limit=2").await;

    assert_eq!(titles.success()["data"], service.get("/titles?limit=2").await.success()["data"]);
    assert!(titles.header("vary").split(", ").any(|name| name == "X-API-Version"));
}

#[tokio::test]
async fn upstream_failure_is_an_error_without_data() {
    let service = service();
    service.faults(json!({"drop": true})).await;

    for path in
        ["/popular", "/updates", "/search?search=abc", "/search/fallback?query=a", "/random", "/1", "/genres"]
    {
        let response = service.send(Method::GET, &format!("{}{path}", PREFIXES[0]), None).await;
        let status = response.status.as_u16();
        assert!([502, 503, 504].contains(&status), "{path}: {}", response.text);
        error_code(&response, status);
    }
}

#[tokio::test]
async fn local_catalog_is_used_without_upstream() {
    let variables = [("LEGACY_V1_ENABLED", "true"), ("CATALOGUE_ENABLED", "true")];
    let service = Service::sandbox(&["--releases", "30"], &variables);
    eventually("the local catalog", async || {
        data(&service, "/sync/stats").await["lastSync"].is_string().then_some(())
    })
    .await;
    let titles = data(&service, "/titles?limit=2").await;
    service.faults(json!({"drop": true})).await;

    let popular = service.send(Method::GET, "/api/anilibria/popular?limit=7", None).await;
    let (id, code) = (titles[0]["id"].as_u64().unwrap(), titles[0]["code"].as_str().unwrap());
    let by_id = data(&service, &format!("/{id}")).await;
    let by_code = data(&service, &format!("/titles/code/{code}")).await;

    assert_eq!(ids(&success(&popular)["data"]).len(), 7);
    assert_eq!(popular.header("cache-control"), "no-store");
    assert_eq!(by_id["names"], titles[0]["names"]);
    assert_eq!(by_code, by_id);
}

#[tokio::test]
async fn service_token_can_sync_titles() {
    let service = service();
    let (id, _) = some_title(&service).await;
    let token = service_token("nodejs", &["read", "write"]);
    let post = async |path: &str, body| {
        success(&service.send_as(&token, Method::POST, &format!("{}{path}", PREFIXES[0]), body).await)
    };

    let one = post(&format!("/sync/{id}"), None).await;
    let many = post("/sync/popular", Some(json!({"limit": 3}))).await;

    assert_eq!(one["data"]["id"], id);
    assert_eq!(many["data"], json!({"synced": 3, "failed": 0}));
}

#[tokio::test]
async fn player_gets_streams_qualities_and_voices() {
    let service = Service::sandbox(&["--releases", "30"], &[("LEGACY_V1_ENABLED", "true")]);
    let (id, code) = some_title(&service).await;
    let title = data(&service, &format!("/{id}")).await;
    let (number, episode) = title["player"]["list"].as_object().unwrap().iter().next().unwrap();
    let get = async |path: &str| success(&service.send(Method::GET, path, None).await);

    let video = get(&format!("/video?anime_id={id}&episode={number}&quality=720p&voice=any")).await;
    let qualities = get(&format!("/qualities?anime_id={code}&episode={number}")).await;
    let voices = get(&format!("/voices?anime_id={id}&episode={number}")).await;
    let japanese = get(&format!("/voices?anime_id={id}&episode={number}&language=ja")).await;
    let subtitles = get(&format!("/subtitles?anime_id={id}&episode={number}&language=ru")).await;

    assert_eq!(video["url"], episode["hls"]["720"]);
    assert_eq!(video["videoUrl"], video["url"]);
    assert_eq!(video["quality"], "720p");
    assert_eq!(qualities["qualities"]["720p"], video["url"]);
    for name in ["id", "name", "language", "type", "quality", "studio", "description"] {
        assert!(voices["voices"][0][name].is_string(), "{voices}");
    }
    assert_eq!((&japanese["voices"], &subtitles["subtitles"]), (&json!([]), &json!([])));
}
