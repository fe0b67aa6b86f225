//! Tests of refused requests of v3 and their error responses.

use poem::{
    http::{Method, StatusCode},
    test::TestResponse,
};
use serde_json::Value;

use super::Gateway;
use crate::support::{assert_error, json, service};

/// Asserts that `response` is an error of v3 with `code`, and returns its message.
async fn refusal(response: TestResponse, code: u16) -> String {
    let status = response.0.status().as_u16();
    response.assert_content_type("application/json; charset=utf-8");
    response.assert_header("api-version", "3.0.14");
    let body: Value = json(response).await;
    assert_eq!((status, body["error"]["code"].as_u64()), (code, Some(code.into())), "{body}");
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn invalid_parameters_are_refused_by_name() {
    let service = service(&[]);

    for (path, parameter) in [
        ("title", "id"),
        ("title?id=x", "id"),
        ("title?id=-1", "id"),
        ("title?id=1&description_type=long", "description_type"),
        ("title?id=1&playlist_type=map", "playlist_type"),
        ("title?id=1&include=poster", "include"),
        ("title?id=1&filter=names..ru", "filter"),
        ("title?id=1&filter=names[ru", "filter"),
        ("title?id=1&remove=player.list[%222]", "remove"),
        ("title?id=1&remove=names[]", "remove"),
        ("title?id=1&colour=red", "colour"),
        ("title/list", "id_list"),
        ("title/list?id_list=1,x", "id_list"),
        ("title/updates?limit=0", "limit"),
        ("title/updates?limit=-2", "limit"),
        ("title/updates?page=-1", "page"),
        ("title/updates?after=-1", "after"),
        ("title/updates?items_per_page=x", "items_per_page"),
        ("title/changes?since=yesterday", "since"),
        ("title/schedule?days=7", "days"),
        ("title/search?season_code=5", "season_code"),
        ("title/search?type=book", "type"),
        ("title/search?year=MMXX", "year"),
        ("title/search?sort_direction=2", "sort_direction"),
        ("title/search?order_by=a..b", "order_by"),
        ("title/search?order_by=names[ru", "order_by"),
        ("title/search/advanced", "query"),
        ("title/search/advanced?query={id", "query"),
        ("title/search/advanced?query={names[ru}", "query"),
        ("title/search/advanced?simple_query=names[ru==a", "simple_query"),
        ("getTitle?id=x", "id"),
        ("title/search/advanced?simple_query=id", "simple_query"),
        ("title/franchises", "id"),
        ("genres?sorting_type=2", "sorting_type"),
        ("years?page=1", "page"),
        ("torrent/rss?rss_type=html", "rss_type"),
        ("user", "session"),
        ("user/favourites", "session"),
    ] {
        for prefix in ["/v3", "/v3.0", "/v3.0.14"] {
            let message = refusal(service.get(format!("{prefix}/{path}")).send().await, 412).await;
            assert!(message.contains(&format!("`{parameter}`")), "{path}: {message}");
        }
    }
    for (method, path) in
        [(Method::PUT, "/v3/user/favorites"), (Method::DELETE, "/v3.0/user/favourites/remove?title_id=x")]
    {
        let message = refusal(service.request(method, path).send().await, 412).await;
        assert!(message.contains("`title_id`"), "{message}");
    }
}

#[tokio::test]
async fn parameters_that_clients_send_everywhere_are_accepted() {
    let gateway = Gateway::start().await;

    gateway.get("/v3/years?sorting_type=0&include=x&description_type=x&playlist_type=x&session=x").await;
}

#[tokio::test]
async fn unknown_parameters_are_accepted_if_strictness_is_off() {
    let gateway = Gateway::with(&["--catalogue-enabled=false", "--v3-strict-parameters=false"]).await;

    gateway.get("/v3/title?id=1&colour=red").await;
}

#[tokio::test]
async fn unknown_titles_are_not_found() {
    let gateway = Gateway::start().await;

    for query in
        ["id=99999", "id=4294967295", "code=nothing", "code=../1", "torrent_id=999999", "code=%D0%BA"]
    {
        refusal(gateway.send(Method::GET, &format!("/v3/title?{query}")).await, 404).await;
    }
}

#[tokio::test]
async fn reserved_words_of_anilibria_are_not_found_without_a_call() {
    let gateway = Gateway::start().await;
    let calls = gateway.upstream.request_count();

    for word in ["latest", "random", "recommended", "list", "episodes"] {
        refusal(gateway.send(Method::GET, &format!("/v3/title?code={word}")).await, 404).await;
    }

    assert_eq!(gateway.upstream.request_count(), calls);
}

#[tokio::test]
async fn list_above_a_limit_is_refused_with_that_limit() {
    let gateway = Gateway::start().await;
    let list = |count: u32| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");

    let many = gateway.send(Method::GET, &format!("/v3/title/list?id_list={}", list(10_000))).await;
    let too_many = gateway.send(Method::GET, &format!("/v3/title/list?id_list={}", list(1001))).await;
    let whole = gateway.send(Method::GET, &format!("/v3/title/list?id_list={}", list(501))).await;
    let files = gateway.send(Method::GET, "/v3/title/updates?limit=11&include=raw_poster").await;

    assert!(refusal(many, 414).await.contains("8192 bytes"));
    assert!(refusal(too_many, 412).await.contains("1000 values"));
    assert!(refusal(whole, 412).await.contains("500 complete titles"));
    assert!(refusal(files, 412).await.contains("limited to 10 titles"));
}

#[tokio::test]
async fn unknown_paths_and_methods_have_the_error_format_of_v3() {
    let service = service(&[]);

    for path in ["/v3", "/v3/", "/v3/nothing", "/v3.0/title/1", "/v3.0.14/titles"] {
        refusal(service.get(path).send().await, 404).await;
    }
    let response = service.post("/v3/title").send().await;
    response.assert_header("allow", "GET, HEAD, OPTIONS");
    refusal(response, 405).await;
    for (path, status) in [("/public/nothing.php", 404), ("/public/login.php", 405)] {
        let response = service.get(path).send().await;
        assert_eq!(response.0.status().as_u16(), status);
        let body = json(response).await;
        assert_eq!(body["err"], "error");
        assert!(body["mes"].is_string() && body["key"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn unknown_sessions_are_refused() {
    let service = service(&[]);

    for session in ["x", "abcdefghijklmnopqrstuvwxyz012345", "%27%20or%201=1"] {
        for path in ["user", "user/favorites", "user/favourites", "torrent/rss"] {
            refusal(service.get(format!("/v3/{path}?session={session}")).send().await, 401).await;
        }
    }
}

#[tokio::test]
async fn disabled_gateway_has_no_routes() {
    let service = service(&["--v3-gateway-enabled=false"]);

    for path in ["/v3/title?id=1", "/v3.0.14/years", "/public/login.php", "/storage/a.jpg"] {
        assert_error(service.get(path).send().await, StatusCode::NOT_FOUND, "NOT_FOUND").await;
    }
}

#[tokio::test]
async fn pictures_and_torrent_files_are_redirected() {
    let service = service(&["--anilibria-api-url=https://site.example/api/v1"]);

    for (path, to) in [
        ("/storage/releases/1.jpg", "https://site.example/storage/releases/1.jpg"),
        ("/public/torrent/download.php?id=7", "https://site.example/api/v1/anime/torrents/7/file"),
    ] {
        let response = service.get(path).send().await;
        response.assert_status(StatusCode::FOUND);
        response.assert_header("location", to);
    }
    let body = json(service.get("/public/torrent/download.php").send().await).await;
    assert!(body["mes"].as_str().unwrap().contains("`id`"), "{body}");
}
