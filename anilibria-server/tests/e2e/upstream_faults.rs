//! Faults of the upstream and the errors that clients get.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Service, binary};

/// Timeouts of the upstream that are short enough for a test.
const SHORT_TIMEOUTS: [&str; 4] = ["--upstream-timeout", "1", "--upstream-attempt-timeout", "1"];

#[tokio::test]
async fn upstream_errors_and_broken_responses_are_bad_gateway() {
    let faults = [
        json!({"error_rate": 1.0, "status": 500}),
        json!({"error_rate": 1.0, "status": 502}),
        json!({"error_rate": 1.0, "status": 503}),
        json!({"truncate": true}),
        json!({"drop": true}),
    ];

    for fault in faults {
        let service = Service::sandbox(&SHORT_TIMEOUTS, &[]);
        service.faults(fault.clone()).await;

        let response = service.get("/titles/7").await;

        assert_eq!(response.error(502), "UPSTREAM_ERROR", "{fault}");
        assert!(response.json()["error"]["details"]["reason"].is_string(), "{}", response.text);
    }
}

#[tokio::test]
async fn upstream_error_is_bad_gateway_on_every_endpoint() {
    for path in
        ["/titles", "/titles/7", "/search?q=кот", "/updates", "/popular", "/random", "/schedule", "/genres"]
    {
        let service = Service::sandbox(&SHORT_TIMEOUTS, &[]);
        service.faults(json!({"error_rate": 1.0})).await;

        assert_eq!(service.get(path).await.error(502), "UPSTREAM_ERROR", "{path}");
    }
}

#[tokio::test]
async fn open_circuit_is_service_unavailable_without_upstream_request() {
    let service = Service::sandbox(&SHORT_TIMEOUTS, &[]);
    service.faults(json!({"error_rate": 1.0})).await;
    // Each request makes three attempts. The circuit opens during the second request.
    service.get("/titles/1").await.error(502);
    service.get("/titles/2").await;
    let before = service.upstream_hits("/api/v1/anime/releases/3").await;

    let response = service.get("/titles/3").await;

    assert_eq!(response.error(503), "SERVICE_UNAVAILABLE");
    assert!((1..=30).contains(&response.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(service.upstream_hits("/api/v1/anime/releases/3").await, before);
}

#[tokio::test]
async fn slow_upstream_is_gateway_timeout() {
    let service = Service::sandbox(&SHORT_TIMEOUTS, &[]);
    service.faults(json!({"latency_ms": 30_000})).await;

    let response = service.get("/titles/7").await;

    assert_eq!(response.error(504), "UPSTREAM_TIMEOUT");
}

/// There are three attempts for the first title and two for the second. Then the circuit opens.
#[tokio::test]
async fn timeouts_are_gateway_timeout_even_if_the_circuit_opens() {
    let after_timeouts = async |path| {
        let arguments = ["--upstream-timeout", "9", "--upstream-attempt-timeout", "1"];
        let service = Service::sandbox(&arguments, &[("LEGACY_V1_ENABLED", "true")]);
        service.faults(json!({"latency_ms": 30_000})).await;
        assert_eq!(service.get("/titles/1").await.error(504), "UPSTREAM_TIMEOUT");

        let response = service.send(Method::GET, path, None).await;

        assert_eq!(
            service.get("/titles/3").await.error(503),
            "SERVICE_UNAVAILABLE",
            "the circuit is not open"
        );
        response
    };

    let (v1, v2, v3) = tokio::join!(
        after_timeouts("/api/anilibria/v1/2"),
        after_timeouts("/api/anilibria/v2/titles/2"),
        after_timeouts("/v3/title?id=2"),
    );

    assert_eq!([v1.status, v2.status], [StatusCode::GATEWAY_TIMEOUT; 2]);
    // In API v3 all server errors have status 500, and the body contains the code.
    assert_eq!(v3.json()["error"]["code"], 504);
}

#[tokio::test]
async fn retry_after_of_the_upstream_is_forwarded() {
    let service = Service::sandbox(&SHORT_TIMEOUTS, &[]);
    service.faults(json!({"error_rate": 1.0, "status": 429, "retry_after": 7})).await;

    let response = service.get("/titles/7").await;

    assert_eq!(response.error(503), "SERVICE_UNAVAILABLE");
    assert_eq!(response.header("retry-after"), "7");
}

#[tokio::test]
async fn error_is_not_cached() {
    let service = Service::sandbox(&SHORT_TIMEOUTS, &[]);
    service.faults(json!({"error_rate": 1.0})).await;
    assert_eq!(service.get("/titles/7").await.error(502), "UPSTREAM_ERROR");

    service.faults(json!({})).await;

    assert_eq!(service.get("/titles/7").await.success()["data"]["id"], 7);
}

#[tokio::test]
async fn cached_response_is_served_without_upstream() {
    let service = Service::sandbox(&SHORT_TIMEOUTS, &[]);
    service.get("/titles/7").await.success();

    service.faults(json!({"drop": true})).await;

    assert_eq!(service.get("/titles/7").await.success()["meta"]["cached"], true);
    assert_eq!(service.get("/titles/8").await.error(502), "UPSTREAM_ERROR");
}

#[tokio::test]
async fn unreachable_upstream_is_bad_gateway_and_disconnected_in_health() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = binary(&["--port", "0"]);
    command.args(SHORT_TIMEOUTS).env("ANILIBRIA_API_URL", format!("http://{free}/api/v1"));
    let service = Service::start(command);

    let title = service.get("/titles/7").await;
    let health = service.get("/health").await;

    assert_eq!(title.error(502), "UPSTREAM_ERROR");
    assert_eq!(health.json()["anilibria_api"]["status"], "disconnected");
}
