//! The error envelope.

use poem::http::StatusCode;

use crate::support::{assert_error, demo, json, service};

#[tokio::test]
async fn unknown_path_is_not_found_under_both_prefixes() {
    let service = service(&[]);

    for path in ["/nothing", "/api/anilibria/v2/nothing", "/docs/x", "/titles/1/2"] {
        let response = service.get(path).send().await;

        assert_error(response, StatusCode::NOT_FOUND, "NOT_FOUND").await;
    }
}

#[tokio::test]
async fn panic_is_an_internal_error_without_details() {
    let response = demo().get("/panic").send().await;

    let error = assert_error(response, StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR").await;
    assert!(!error.to_string().contains("asked to panic"), "{error}");
}

#[tokio::test]
async fn requests_after_a_panic_succeed() {
    let demo = demo();
    demo.get("/panic").send().await;

    demo.get("/title").send().await.assert_status_is_ok();
}

#[tokio::test]
async fn response_omits_the_cause_of_an_upstream_error() {
    let response = demo().get("/broken").send().await;

    let error = assert_error(response, StatusCode::BAD_GATEWAY, "UPSTREAM_ERROR").await;
    assert!(!error.to_string().contains("10.0.0.7"), "{error}");
}

#[tokio::test]
async fn body_that_is_not_utf8_is_a_bad_request() {
    let response = demo().post("/echo").content_type("text/plain").body(vec![0xff_u8, 0xfe]).send().await;

    assert_error(response, StatusCode::BAD_REQUEST, "INVALID_PARAMETERS").await;
}

#[tokio::test]
async fn success_response_is_unchanged() {
    let response = demo().get("/api/anilibria/v2/title").send().await;

    response.assert_status_is_ok();
    response.assert_content_type("application/json; charset=utf-8");
    assert_eq!(json(response).await["data"]["id"], 42);
}

#[tokio::test]
async fn unsupported_websocket_version_is_refused_with_the_supported_one() {
    let service = service(&[]);

    for path in ["/ws", "/api/anilibria/v2/ws", "/api/anilibria/ws", "/v3/ws/", "/v3.0/webSocket/"] {
        let request = service.get(path).header("connection", "Upgrade").header("upgrade", "websocket");
        let request = request.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let response = request.header("sec-websocket-version", "8").send().await;

        response.assert_status(StatusCode::BAD_REQUEST);
        response.assert_header("sec-websocket-version", "13");
    }
}
