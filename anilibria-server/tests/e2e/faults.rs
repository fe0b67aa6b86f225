//! Bad days of the upstream: each ends in an error that says which, none in a hang.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Service, binary};

/// Limits short enough for a test, and the stand-in of a bad day.
const IMPATIENT: [&str; 4] = ["--upstream-timeout", "1", "--upstream-attempt-timeout", "1"];

#[tokio::test]
async fn errors_and_broken_answers_of_the_upstream_are_bad_gateways() {
    let faults = [
        json!({"error_rate": 1.0, "status": 500}),
        json!({"error_rate": 1.0, "status": 502}),
        json!({"error_rate": 1.0, "status": 503}),
        json!({"truncate": true}),
        json!({"drop": true}),
    ];

    for fault in faults {
        let service = Service::sandbox(&IMPATIENT, &[]);
        service.faults(fault.clone()).await;

        let answer = service.get("/titles/7").await;

        assert_eq!(answer.error(502), "UPSTREAM_ERROR", "{fault}");
        assert!(answer.json()["error"]["details"]["reason"].is_string(), "{}", answer.text);
    }
}

#[tokio::test]
async fn every_endpoint_says_that_the_upstream_failed() {
    for path in
        ["/titles", "/titles/7", "/search?q=кот", "/updates", "/popular", "/random", "/schedule", "/genres"]
    {
        let service = Service::sandbox(&IMPATIENT, &[]);
        service.faults(json!({"error_rate": 1.0})).await;

        assert_eq!(service.get(path).await.error(502), "UPSTREAM_ERROR", "{path}");
    }
}

#[tokio::test]
async fn upstream_that_keeps_failing_is_left_alone_for_a_while() {
    let service = Service::sandbox(&IMPATIENT, &[]);
    service.faults(json!({"error_rate": 1.0})).await;
    // Three attempts each: the circuit opens within the second.
    service.get("/titles/1").await.error(502);
    service.get("/titles/2").await;
    let before = service.upstream_hits("/api/v1/anime/releases/3").await;

    let answer = service.get("/titles/3").await;

    assert_eq!(answer.error(503), "SERVICE_UNAVAILABLE");
    assert!((1..=30).contains(&answer.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(service.upstream_hits("/api/v1/anime/releases/3").await, before);
}

#[tokio::test]
async fn slow_upstream_is_a_gateway_timeout() {
    let service = Service::sandbox(&IMPATIENT, &[]);
    service.faults(json!({"latency_ms": 30_000})).await;

    let answer = service.get("/titles/7").await;

    assert_eq!(answer.error(504), "UPSTREAM_TIMEOUT");
}

/// Three attempts for the first title, two for the second: then the circuit opens, and nothing more is sent.
#[tokio::test]
async fn attempts_that_timed_out_are_a_gateway_timeout_although_the_circuit_opened_after_them() {
    let after_timeouts = async |path| {
        let arguments = ["--upstream-timeout", "9", "--upstream-attempt-timeout", "1"];
        let service = Service::sandbox(&arguments, &[("LEGACY_V1_ENABLED", "true")]);
        service.faults(json!({"latency_ms": 30_000})).await;
        assert_eq!(service.get("/titles/1").await.error(504), "UPSTREAM_TIMEOUT");

        let answer = service.send(Method::GET, path, None).await;

        assert_eq!(
            service.get("/titles/3").await.error(503),
            "SERVICE_UNAVAILABLE",
            "the circuit is not open"
        );
        answer
    };

    let (v1, v2, v3) = tokio::join!(
        after_timeouts("/api/anilibria/v1/2"),
        after_timeouts("/api/anilibria/v2/titles/2"),
        after_timeouts("/v3/title?id=2"),
    );

    assert_eq!([v1.status, v2.status], [StatusCode::GATEWAY_TIMEOUT; 2]);
    // In API v3 all faults have status 500, and the body has the code.
    assert_eq!(v3.json()["error"]["code"], 504);
}

#[tokio::test]
async fn upstream_that_asks_to_wait_is_passed_on() {
    let service = Service::sandbox(&IMPATIENT, &[]);
    service.faults(json!({"error_rate": 1.0, "status": 429, "retry_after": 7})).await;

    let answer = service.get("/titles/7").await;

    assert_eq!(answer.error(503), "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), "7");
}

#[tokio::test]
async fn failure_is_not_remembered() {
    let service = Service::sandbox(&IMPATIENT, &[]);
    service.faults(json!({"error_rate": 1.0})).await;
    assert_eq!(service.get("/titles/7").await.error(502), "UPSTREAM_ERROR");

    service.faults(json!({})).await;

    assert_eq!(service.get("/titles/7").await.good()["data"]["id"], 7);
}

#[tokio::test]
async fn what_is_cached_is_answered_while_the_upstream_is_down() {
    let service = Service::sandbox(&IMPATIENT, &[]);
    service.get("/titles/7").await.good();

    service.faults(json!({"drop": true})).await;

    assert_eq!(service.get("/titles/7").await.good()["meta"]["cached"], true);
    assert_eq!(service.get("/titles/8").await.error(502), "UPSTREAM_ERROR");
}

#[tokio::test]
async fn nobody_at_the_upstreams_address_is_a_bad_gateway_and_degraded_health() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = binary(&["--port", "0"]);
    command.args(IMPATIENT).env("ANILIBRIA_API_URL", format!("http://{free}/api/v1"));
    let service = Service::start(command);

    let title = service.get("/titles/7").await;
    let health = service.get("/health").await;

    assert_eq!(title.error(502), "UPSTREAM_ERROR");
    assert_eq!(health.json()["anilibria_api"]["status"], "disconnected");
}
