//! CORS headers and preflight requests.

use poem::{
    http::StatusCode,
    test::{TestClient, TestResponse},
};

use crate::support::{Demo, demo, demo_endpoint};

const SITE: &str = "https://anime.example";

fn client(flag: &str) -> TestClient<anilibria_server::app::root_endpoint::RootEndpoint> {
    TestClient::new(demo_endpoint(&[flag], &Demo::default()))
}

async fn preflight(
    client: &TestClient<anilibria_server::app::root_endpoint::RootEndpoint>,
    origin: &str,
) -> TestResponse {
    client
        .options("/title")
        .header("origin", origin)
        .header("access-control-request-method", "GET")
        .send()
        .await
}

#[tokio::test]
async fn listed_origin_may_send_credentials() {
    let response =
        client("--cors-allow-origin=https://anime.example").get("/title").header("origin", SITE).send().await;

    response.assert_status_is_ok();
    response.assert_header("access-control-allow-origin", SITE);
    response.assert_header("access-control-allow-credentials", "true");
    response.assert_header("vary", "Accept-Encoding, Origin");
    let exposed: Vec<_> = response.0.header("access-control-expose-headers").unwrap().split(", ").collect();
    for header in ["X-Request-ID", "Link", "RateLimit", "RateLimit-Policy", "RateLimit-Remaining"] {
        assert!(exposed.contains(&header), "{header}");
    }
}

#[tokio::test]
async fn listed_origin_may_read_errors() {
    let response = client("--cors-allow-origin=https://anime.example")
        .get("/nothing")
        .header("origin", SITE)
        .send()
        .await;

    response.assert_status(StatusCode::NOT_FOUND);
    response.assert_header("access-control-allow-origin", SITE);
}

#[tokio::test]
async fn response_to_an_unlisted_origin_has_no_cors_headers() {
    let response = demo().get("/title").header("origin", "https://other.example").send().await;

    response.assert_status_is_ok();
    response.assert_header_is_not_exist("access-control-allow-origin");
    response.assert_header("vary", "Accept-Encoding, Origin");
}

#[tokio::test]
async fn preflight_of_a_listed_origin_is_allowed() {
    let response = preflight(&client("--client-url=https://anime.example/"), SITE).await;

    response.assert_status(StatusCode::NO_CONTENT);
    response.assert_header("access-control-allow-origin", SITE);
    response.assert_header("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS");
    response.assert_header("access-control-max-age", "86400");
    let headers = response.0.header("access-control-allow-headers").unwrap();
    for header in [
        "Authorization",
        "Cache-Control",
        "Content-Type",
        "Last-Event-ID",
        "X-CSRF-Token",
        "X-Request-ID",
        "X-API-Version",
        "traceparent",
        "tracestate",
    ] {
        assert!(headers.contains(header), "{header}");
    }
}

#[tokio::test]
async fn preflight_of_an_unlisted_origin_is_not_allowed() {
    let response = preflight(&demo(), "https://other.example").await;

    response.assert_status(StatusCode::NO_CONTENT);
    response.assert_header_is_not_exist("access-control-allow-origin");
    response.assert_header_is_not_exist("access-control-allow-methods");
}

#[tokio::test]
async fn local_site_is_allowed_by_default() {
    for origin in ["http://localhost:3000", "http://127.0.0.1:3000"] {
        let response = preflight(&demo(), origin).await;

        response.assert_header("access-control-allow-origin", origin);
    }
}

#[tokio::test]
async fn wildcard_allows_any_origin_without_credentials() {
    let response =
        client("--cors-allow-origin=*").get("/title").header("origin", "https://other.example").send().await;

    response.assert_header("access-control-allow-origin", "*");
    response.assert_header_is_not_exist("access-control-allow-credentials");
    response.assert_header("vary", "Accept-Encoding");
}

#[tokio::test]
async fn wildcard_response_does_not_depend_on_the_origin() {
    let response = client("--cors-allow-origin=*").get("/title").send().await;

    response.assert_header("access-control-allow-origin", "*");
    response.assert_header("vary", "Accept-Encoding");
}
