//! Tests of single titles.

use anilibria_client::v3::{Mapping, model::Franchise};
use poem::http::Method;
use serde_json::{Value, json};

use super::Gateway;
use crate::support;

/// Returns the expected title: the mapping of the release, with its franchises.
async fn expected(gateway: &Gateway, id: u32) -> Value {
    let client = gateway.titles.client();
    let release = client.releases().get(id).await.unwrap();
    let franchises = client.franchises().of_release(id).await.unwrap_or_default();
    let mut title = Mapping::new(&release).title();
    title.franchises = Some(franchises.iter().map(Franchise::from).collect());
    serde_json::to_value(title).unwrap()
}

#[tokio::test]
async fn title_is_mapped_from_its_release_for_every_reference_and_version() {
    let gateway = Gateway::start().await;
    let title = expected(&gateway, 7).await;
    let torrent = &title["torrents"]["list"][0]["torrent_id"];
    let code = title["code"].as_str().unwrap();

    for path in [
        "/v3/title?id=7".to_owned(),
        format!("/v3.0/title?code={code}"),
        format!("/v3.0.14/title/?torrent_id={torrent}"),
    ] {
        assert_eq!(gateway.get(&path).await, title, "{path}");
    }
}

#[tokio::test]
async fn duplicate_slashes_names_of_v2_and_versions_are_equivalent() {
    let gateway = Gateway::start().await;
    let title = gateway.get("/v3/title?id=7").await;

    for path in [
        "//v3/title?id=7",
        "/v3//title?id=7",
        "///v3.1///title//?id=7",
        "/v3.1/title?id=7",
        "/v3.10/title?id=7",
        "/v3.1.2/title?id=7",
        "/v3/getTitle?id=7",
        "/v3.0/getTitle/?id=7",
        "//v3.1.2//getTitle?id=7",
    ] {
        assert_eq!(gateway.get(path).await, title, "{path}");
    }
}

#[tokio::test]
async fn names_of_v2_are_the_operations_of_v3() {
    let gateway = Gateway::with_catalog().await;

    for (name, path) in [
        ("getTitles?id_list=7,8", "title/list?id_list=7,8"),
        ("getUpdates?limit=3", "title/updates?limit=3"),
        ("getChanges?limit=3&filter=id", "title/changes?limit=3&filter=id"),
        ("getSchedule?days=0&filter=id", "title/schedule?days=0&filter=id"),
        ("searchTitles?search=&limit=3", "title/search?search=&limit=3"),
        ("advancedSearch?query={id}<3", "title/search/advanced?query={id}<3"),
        ("getYears", "years"),
        ("getGenres?sorting_type=1", "genres?sorting_type=1"),
        ("getTeam", "team"),
        ("getYouTube?limit=2", "youtube?limit=2"),
        ("getFeed?limit=2", "feed?limit=2"),
    ] {
        let [name, path] =
            [name, path].map(|path| path.replace('{', "%7B").replace('}', "%7D").replace('<', "%3C"));
        let (of_v2, of_v3) =
            (gateway.get(&format!("/v3/{name}")).await, gateway.get(&format!("/v3/{path}")).await);
        assert_eq!(of_v2, of_v3, "{name}");
    }
    assert!(gateway.get("/v3/getRandomTitle?filter=id").await["id"].is_u64());
    gateway.send(Method::GET, "/v3/getRSS").await.assert_content_type("application/rss+xml; charset=utf-8");
}

#[tokio::test]
async fn keys_of_paths_may_be_in_brackets() {
    let gateway = Gateway::start().await;

    for (brackets, dots) in [
        ("filter=id,names[ru],season[year],type[episodes]", "filter=id,names.ru,season.year,type.episodes"),
        ("filter=player.list[%222%22]", "filter=player.list.2"),
        ("filter=player.list['2'].hls[hd]", "filter=player.list.2.hls.hd"),
        ("remove=names[en],player[list]", "remove=names.en,player.list"),
        ("filter=player[playlist]", "filter=player.list"),
    ] {
        let of = async |query| gateway.get(&format!("/v3/title?id=7&{query}")).await;
        let (found, expected) = (of(brackets).await, of(dots).await);
        assert_eq!(found, expected, "{brackets}");
        assert_ne!(found, json!({}), "{brackets}");
    }
}

#[tokio::test]
async fn title_has_its_franchises() {
    let gateway = Gateway::start().await;
    let all = gateway.get("/v3/franchise/list?limit=1").await;
    let franchise = &all["list"][0];
    let id = franchise["releases"][0]["id"].as_u64().unwrap();

    let title = gateway.get(&format!("/v3/title?id={id}")).await;
    let list = gateway.get(&format!("/v3/title/list?id_list={id}")).await;

    assert_eq!(title["franchises"], json!([franchise]));
    assert_eq!(list[0], title);
}

#[tokio::test]
async fn second_response_is_cached_and_equal() {
    let gateway = Gateway::start().await;
    for path in [
        "/v3/title?id=7",
        "/v3/title?id=7&filter=id,names&playlist_type=array",
        "/v3/title/updates?limit=3",
        "/v3/title/search?year=2020",
        "/v3.0/title/list?id_list=7,8",
        "/v3/title/schedule",
        "/v3/feed",
        "/v3/youtube",
        "/v3/genres",
        "/v3/years",
        "/v3/team",
        "/v3/franchise/list",
        "/v3/title/franchises?id=7",
    ] {
        let first = gateway.get(path).await;
        let calls = gateway.upstream.request_count();

        assert_eq!(gateway.get(path).await, first, "{path}");
        assert_eq!(gateway.upstream.request_count(), calls, "{path}");
    }
}

#[tokio::test]
async fn shapes_are_derived_from_the_cached_title() {
    let gateway = Gateway::start().await;
    let whole = gateway.get("/v3/title?id=7").await;
    let calls = gateway.upstream.request_count();

    let names = gateway.get("/v3/title?id=7&filter=id,names.ru").await;
    let array = gateway.get("/v3/title?id=7&playlist_type=array&remove=torrents,description").await;

    assert_eq!(names, json!({"id": 7, "names": {"ru": whole["names"]["ru"]}}));
    let episodes: Vec<_> = whole["player"]["list"].as_object().unwrap().values().cloned().collect();
    assert_eq!(array["player"]["list"], Value::from(episodes));
    assert!(array.get("torrents").is_none() && array.get("description").is_none(), "{array}");
    assert_eq!(gateway.upstream.request_count(), calls);
}

#[tokio::test]
async fn files_are_included_on_request() {
    let gateway = Gateway::start().await;

    let title = gateway.get("/v3/title?id=7&include=raw_poster,raw_torrent,torrent_meta").await;

    for size in ["small", "medium", "original"] {
        assert!(title["posters"][size]["raw_base64_file"].is_string(), "{}", title["posters"]);
    }
    for torrent in title["torrents"]["list"].as_array().unwrap() {
        assert!(torrent["raw_base64_file"].is_string(), "{torrent}");
        assert_eq!(torrent["metadata"]["hash"], torrent["hash"]);
        assert!(!torrent["metadata"]["files_list"].as_array().unwrap().is_empty(), "{torrent}");
    }
    let plain = gateway.get("/v3/title?id=7").await;
    assert!(plain["posters"]["small"]["raw_base64_file"].is_null(), "{}", plain["posters"]);
}

#[tokio::test]
async fn random_title_is_not_cacheable() {
    let gateway = Gateway::with_catalog().await;

    let response = gateway.send(Method::GET, "/v3/title/random?filter=id").await;

    response.assert_header("cache-control", "no-store");
    assert!(support::json(response).await["id"].is_u64());
}

#[tokio::test]
async fn catalog_is_used_if_anilibria_is_down() {
    let gateway = Gateway::with_catalog().await;
    gateway.take_upstream_down();

    let title = gateway.get("/v3/title?id=7").await;
    let list = gateway.get("/v3/title/updates?limit=2").await;
    let found = gateway.get("/v3/title/search/advanced?simple_query=id==7").await;

    assert_eq!((&title["id"], &title["player"]["list"]), (&json!(7), &json!({})));
    assert!(title["names"]["ru"].is_string() && title["torrents"]["list"].is_array(), "{title}");
    assert_eq!(list["list"].as_array().unwrap().len(), 2);
    assert_eq!(found["list"][0]["id"], 7);
}

#[tokio::test]
async fn without_a_catalog_the_failure_is_returned() {
    let gateway = Gateway::start().await;
    gateway.take_upstream_down();

    for path in ["/v3/title?id=7", "/v3/title/updates", "/v3/genres", "/v3/torrent/rss", "/v3/title/random"] {
        let response = gateway.send(Method::GET, path).await;
        response.assert_status(poem::http::StatusCode::INTERNAL_SERVER_ERROR);
        let body = support::json(response).await;
        assert!([502, 503, 504].contains(&body["error"]["code"].as_u64().unwrap()), "{path}: {body}");
    }
}
