//! Tests of the origins that may read responses of v3.

use poem::{
    http::{Method, StatusCode},
    test::TestResponse,
};

use super::Gateway;
use crate::support::service;

const SITE: &str = "https://anime.example";
const OTHER: &str = "https://other.example";
const LISTED: &str = "http://localhost:3000";
const FOR_ALL: [&str; 3] = ["*", "", "Accept-Encoding"];

/// Returns the headers that browsers and shared caches evaluate.
fn permission(response: &TestResponse) -> [&str; 3] {
    ["access-control-allow-origin", "access-control-allow-credentials", "vary"]
        .map(|name| response.0.header(name).unwrap_or_default())
}

#[tokio::test]
async fn all_origins_may_read_public_data() {
    let gateway = Gateway::start().await;
    let service = &gateway.service;

    for (path, status) in [
        ("/v3/genres", 200),
        ("/v3.0/title?id=1", 200),
        ("//v3//title?id=1", 200),
        ("/v3/torrent/rss", 200),
        ("/v3/title?id=999999", 404),
        ("/v3/title?id=x", 412),
        ("/v3/nothing", 404),
        ("/public/torrent/download.php?id=10000", 302),
        ("/public/torrent/download.php", 412),
        ("/storage/a.jpg", 302),
    ] {
        for origin in [Some(OTHER), Some(LISTED), None] {
            let request = service.get(path);
            let request = if let Some(origin) = origin { request.header("origin", origin) } else { request };
            let response = request.send().await;
            assert_eq!(permission(&response), FOR_ALL, "{path} {origin:?}");
            assert_eq!(response.0.status().as_u16(), status, "{path}");
        }
    }
    let head = service.head("/v3/genres").header("origin", OTHER).send().await;
    assert_eq!(permission(&head), FOR_ALL);
}

#[tokio::test]
async fn all_origins_may_read_not_modified() {
    let gateway = Gateway::start().await;
    let service = &gateway.service;
    let tag = service.get("/v3/genres").send().await.0.header("etag").unwrap().to_owned();

    let response =
        service.get("/v3/genres").header("origin", OTHER).header("if-none-match", tag).send().await;

    response.assert_status(StatusCode::NOT_MODIFIED);
    assert_eq!(permission(&response), FOR_ALL);
}

#[tokio::test]
async fn listed_origins_may_read_responses_in_a_session() {
    let service = service(&["--cors-allow-origin=https://anime.example"]);
    let vary = "Accept-Encoding, Origin, Cookie, Authorization";

    for (path, name, value) in [
        ("/v3/user?session=x", "accept", "*/*"),
        ("/v3/torrent/rss?sessio%6e=x", "accept", "*/*"),
        ("/v3/user", "cookie", "PHPSESSID=x"),
        ("/v3/user", "authorization", "Bearer x"),
    ] {
        let get = async |origin| service.get(path).header(name, value).header("origin", origin).send().await;
        assert_eq!(permission(&get(OTHER).await), ["", "", vary], "{path} {name}");
        assert_eq!(permission(&get(SITE).await), [SITE, "true", vary], "{path} {name}");
    }
}

#[tokio::test]
async fn listed_origins_may_read_responses_to_writes() {
    let service = service(&["--cors-allow-origin=https://anime.example"]);

    for (method, path) in [(Method::PUT, "/v3/user/favorites"), (Method::POST, "/public/login.php")] {
        let send = async |origin| service.request(method.clone(), path).header("origin", origin).send().await;
        assert_eq!(permission(&send(OTHER).await)[..2], ["", ""], "{path}");
        assert_eq!(permission(&send(SITE).await)[..2], [SITE, "true"], "{path}");
    }
}

#[tokio::test]
async fn preflight_has_the_policy_of_its_request() {
    let service = service(&["--cors-allow-origin=https://anime.example"]);
    let preflight = async |path: &str, origin: &str, method: &str, headers: &str| {
        let request =
            service.options(path).header("origin", origin).header("access-control-request-method", method);
        let response = request.header("access-control-request-headers", headers).send().await;
        response.assert_status(StatusCode::NO_CONTENT);
        let methods = response.0.header("access-control-allow-methods").unwrap_or_default().to_owned();
        (permission(&response)[..2].join(" ").trim().to_owned(), methods)
    };
    let granted = |origin: &str, methods: &str| (origin.to_owned(), methods.to_owned());
    let all = "GET, POST, PUT, DELETE, OPTIONS";

    let read = preflight("/v3/title?id=1", OTHER, "GET", "x-request-id").await;
    let in_session = preflight("/v3/user?session=x", OTHER, "GET", "x-request-id").await;
    let with_token = preflight("/v3/user", OTHER, "GET", "authorization").await;
    let write = preflight("/v3/user/favorites", OTHER, "PUT", "").await;

    assert_eq!(read, granted("*", "GET, HEAD, OPTIONS"));
    for refused in [in_session, with_token, write] {
        assert_eq!(refused, granted("", ""));
    }
    // The request of a listed origin may have cookies, which the preflight does not show.
    assert_eq!(
        preflight("/v3/user", SITE, "GET", "x-request-id").await,
        granted(&format!("{SITE} true"), all)
    );
    assert_eq!(preflight("/v3/user/favorites", SITE, "PUT", "").await, granted(&format!("{SITE} true"), all));
}

#[tokio::test]
async fn other_paths_are_for_listed_origins() {
    let service = service(&["--v3-gateway-enabled=false"]);

    for path in ["/v3/genres", "/api/anilibria/v2/nothing"] {
        let response = service.get(path).header("origin", OTHER).send().await;
        assert_eq!(permission(&response), ["", "", "Accept, Accept-Encoding, Origin"], "{path}");
    }
}
