//! Limits of the size of a request and of concurrent requests.

use std::sync::Arc;

use poem::{http::StatusCode, test::TestClient};

use crate::support::{Demo, assert_error, chunked, demo, demo_endpoint, serve, service};

#[tokio::test]
async fn body_over_the_limit_is_refused_on_routes_without_a_body() {
    let service = service(&["--max-body-bytes=100"]);

    let response = service.get("/titles?page=0").body("x".repeat(101)).send().await;

    let error = assert_error(response, StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE").await;
    assert_eq!(error["details"]["limit"], 100);
}

#[tokio::test]
async fn body_of_unknown_length_is_limited() {
    let service = service(&["--max-body-bytes=100"]);

    let response = service.get("/titles?page=0").body(chunked(11, "0123456789")).send().await;
    assert_error(response, StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE").await;

    let response = service.get("/titles?page=0").body(chunked(10, "0123456789")).send().await;
    assert_error(response, StatusCode::BAD_REQUEST, "INVALID_PARAMETERS").await;
}

#[tokio::test]
async fn body_of_unknown_length_reaches_its_route() {
    let response = demo().post("/echo").content_type("text/plain").body(chunked(3, "ab")).send().await;

    response.assert_status_is_ok();
    response.assert_text("ababab").await;
}

#[tokio::test]
async fn client_can_read_the_response_to_a_body_over_the_limit() {
    let base = serve(demo_endpoint(&[], &Demo::default())).await;
    let client = reqwest::Client::new();

    for body in [
        reqwest::Body::from(vec![b'x'; 500_000]),
        reqwest::Body::wrap_stream(futures::stream::iter(
            (0..50).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 10_000])),
        )),
    ] {
        let response = client.post(format!("{base}/echo")).body(body).send().await.unwrap();

        assert_eq!(response.status(), 413);
    }
}

#[tokio::test]
async fn uri_over_the_limit_is_refused() {
    let service = service(&["--max-uri-bytes=64"]);

    let response = service.get(format!("/titles?search={}", "x".repeat(64))).send().await;

    let error = assert_error(response, StatusCode::URI_TOO_LONG, "URI_TOO_LONG").await;
    assert_eq!(error["details"]["limit"], 64);
}

#[tokio::test]
async fn headers_over_the_limit_are_refused() {
    let service = service(&["--max-header-bytes=64"]);

    let response = service.get("/titles").header("x-long", "x".repeat(64)).send().await;

    assert_error(response, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE").await;
}

#[tokio::test]
async fn request_over_the_concurrency_limit_is_shed() {
    let demo = Demo::default();
    let client = Arc::new(TestClient::new(demo_endpoint(&["--max-concurrent-requests=1"], &demo)));
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.get("/slow").send().await.0.status() }
    });
    // The runtime has a single thread, so the slow request is in progress after this yield.
    tokio::task::yield_now().await;

    let refused = client.get("/title").send().await;
    let probe = client.get("/live").send().await;
    demo.finish_slow.notify_one();
    let slow = slow.await.unwrap();
    let after = client.get("/title").send().await;

    refused.assert_header("retry-after", "1");
    assert_error(refused, StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED").await;
    probe.assert_status_is_ok();
    assert_eq!(slow, StatusCode::OK);
    after.assert_status_is_ok();
}
