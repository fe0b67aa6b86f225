//! Errors as `application/problem+json`, for clients that accept it.

use std::time::Duration;

use poem::{
    Body,
    http::{Method, StatusCode},
    test::{TestClient, TestResponse},
};
use serde_json::Value;

use crate::support::{Demo, chunked, demo, demo_endpoint, json, service};

const PROBLEM: &str = "application/problem+json";

/// Asserts that `response` consists of problem details with `status` and `code`, and returns them.
async fn details(response: TestResponse, status: StatusCode, code: &str) -> Value {
    response.assert_status(status);
    response.assert_content_type(PROBLEM);
    assert!(response.0.header("vary").unwrap().split(", ").any(|name| name == "Accept"));
    let id = response.0.header("x-request-id").unwrap().to_owned();
    let details = json(response).await;

    assert_eq!(details["status"], status.as_u16(), "{details}");
    assert_eq!(details["code"], code, "{details}");
    assert_eq!(details["request_id"], *id, "{details}");
    assert_eq!(details["instance"], format!("#{id}"), "{details}");
    let anchor = format!("errors.md#{}", code.to_lowercase());
    assert!(details["type"].as_str().unwrap().ends_with(&anchor), "{details}");
    assert!(details["title"].is_string() && details["detail"].is_string(), "{details}");
    details
}

#[tokio::test]
async fn errors_of_routes_and_middleware_have_details() {
    let service = service(&["--max-uri-bytes=200", "--max-body-bytes=100", "--max-header-bytes=2000"]);
    let (long, wide) = (format!("/titles?search={}", "x".repeat(200)), "x".repeat(2000));
    let not_found = (StatusCode::NOT_FOUND, "NOT_FOUND");
    let bad = (StatusCode::BAD_REQUEST, "INVALID_PARAMETERS");
    let cases = [
        (Method::GET, "/nothing", "", not_found),
        (Method::GET, "/internal/stats", "", not_found),
        (Method::GET, "/titles?limit=0", "", bad),
        (Method::GET, "/titles/%00", "", bad),
        (Method::POST, "/titles", "", (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED")),
        (Method::GET, &long, "", (StatusCode::URI_TOO_LONG, "URI_TOO_LONG")),
        (Method::GET, "/genres", &wide, (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE")),
    ];

    for prefix in ["", "/api/anilibria/v2"] {
        for (method, path, header, (status, code)) in &cases {
            let request =
                service.request(method.clone(), format!("{prefix}{path}")).header("accept", PROBLEM);
            details(request.header("x-padding", *header).send().await, *status, code).await;
        }
    }
}

#[tokio::test]
async fn server_errors_have_details() {
    let flags = ["--max-body-bytes=100", "--max-concurrent-requests=1", "--request-timeout=1"];
    let demo = TestClient::new(demo_endpoint(&flags, &Demo::default()));
    let get = |path: &str| demo.get(path).header("accept", PROBLEM);

    let panic =
        details(get("/panic").send().await, StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR").await;
    let broken = details(get("/broken").send().await, StatusCode::BAD_GATEWAY, "UPSTREAM_ERROR").await;
    let large = demo.post("/echo").header("accept", PROBLEM).body(chunked(20, "xxxxxxxxxx"));
    let large = details(large.send().await, StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE").await;
    // The first request takes the only slot until it times out.
    let (slow, shed) = tokio::join!(get("/slow").send(), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        get("/title").send().await
    });
    assert_eq!(shed.0.header("retry-after"), Some("1"));
    details(shed, StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED").await;
    details(slow, StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE").await;

    assert!(!panic.to_string().contains("asked to panic"), "{panic}");
    assert_eq!((&broken["reason"], &large["limit"]), (&"unreachable".into(), &100.into()));
}

#[tokio::test]
async fn details_include_the_parameter_and_the_reason() {
    let response = service(&[]).get("/search?q=x").header("accept", PROBLEM).send().await;

    let details = details(response, StatusCode::BAD_REQUEST, "INVALID_PARAMETERS").await;

    assert_eq!((&details["field"], &details["title"]), (&"q".into(), &"Invalid parameter".into()));
    assert_eq!(details["reason"], "must have 2 to 100 characters");
}

#[tokio::test]
async fn other_accept_headers_get_the_envelope() {
    let service = service(&[]);
    let many = "text/x+y;q=0.5,".repeat(1000);
    for accept in
        ["*/*", "application/json", "application/*", "application/problem+json;q=0", ";;q=,/+", &many]
    {
        let response = service.get("/nothing").header("accept", accept).send().await;

        response.assert_content_type("application/json");
        assert_eq!(json(response).await["error"]["code"], "NOT_FOUND", "{accept:.40}");
    }
    service.get("/nothing").send().await.assert_content_type("application/json");
}

#[tokio::test]
async fn errors_vary_by_accept() {
    let vary = |response: TestResponse| response.0.header("vary").unwrap().to_owned();
    let service = service(&[]);

    let envelope = vary(service.get("/nothing").send().await);
    let details = vary(service.get("/nothing").header("accept", PROBLEM).send().await);

    assert_eq!(envelope, "Accept, Accept-Encoding, Origin");
    assert_eq!(envelope, details);
}

#[tokio::test]
async fn success_does_not_vary_by_accept() {
    let response = demo().get("/title").header("accept", PROBLEM).send().await;

    response.assert_status_is_ok();
    response.assert_content_type("application/json; charset=utf-8");
    response.assert_header("vary", "Accept-Encoding, Origin");
}

#[tokio::test]
async fn older_versions_keep_their_own_errors() {
    let service = service(&["--legacy-v1-enabled=true"]);
    for path in ["/v3/nothing", "/v3/title?id=x", "/api/anilibria/v1/nothing"] {
        let response = service.get(path).header("accept", PROBLEM).body(Body::empty()).send().await;

        response.assert_content_type("application/json; charset=utf-8");
        assert!(json(response).await["error"]["message"].is_string(), "{path}");
    }
}
