//! Limits: of what one request sends, and of requests in progress.

use std::sync::Arc;

use poem::{http::StatusCode, test::TestClient};

use crate::support::{Demo, assert_error, chunked, demo, served, service, shell};

#[tokio::test]
async fn body_over_the_limit_is_refused_even_where_bodies_are_ignored() {
    let service = service(&["--max-body-bytes=100"]);

    let response = service.get("/titles?page=0").body("x".repeat(101)).send().await;

    let error = assert_error(response, StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE").await;
    assert_eq!(error["details"]["limit"], 100);
}

#[tokio::test]
async fn body_of_unknown_length_is_counted() {
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
async fn client_that_sends_too_much_gets_to_read_the_refusal() {
    let base = served(shell(&[], &Demo::default())).await;
    let client = reqwest::Client::new();

    for body in [
        reqwest::Body::from(vec![b'x'; 500_000]),
        reqwest::Body::wrap_stream(futures::stream::iter(
            (0..50).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 10_000])),
        )),
    ] {
        let answer = client.post(format!("{base}/echo")).body(body).send().await.unwrap();

        assert_eq!(answer.status(), 413);
    }
}

#[tokio::test]
async fn address_over_the_limit_is_refused() {
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
async fn request_beyond_the_bound_is_shed_until_a_place_is_free() {
    let demo = Demo::default();
    let client = Arc::new(TestClient::new(shell(&["--max-concurrent-requests=1"], &demo)));
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.get("/slow").send().await.0.status() }
    });
    // On this single thread the slow request is inside once it has had its turn.
    tokio::task::yield_now().await;

    let refused = client.get("/title").send().await;
    let probe = client.get("/live").send().await;
    demo.go_on.notify_one();
    let slow = slow.await.unwrap();
    let after = client.get("/title").send().await;

    refused.assert_header("retry-after", "1");
    assert_error(refused, StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED").await;
    probe.assert_status_is_ok();
    assert_eq!(slow, StatusCode::OK);
    after.assert_status_is_ok();
}
