//! Bad days of the upstream: each ends in an error that says which, none in a hang.

use serde_json::json;

use crate::support::{Service, binary};

/// Limits short enough for a test, and the stand-in of a bad day.
const IMPATIENT: [&str; 4] = ["--upstream-timeout", "1", "--upstream-attempt-timeout", "1"];

#[tokio::test]
async fn errors_and_broken_answers_of_the_upstream_are_bad_gateways() {
    let service = Service::sandbox(&IMPATIENT, &[]);
    let faults = [
        json!({"error_rate": 1.0, "status": 500}),
        json!({"error_rate": 1.0, "status": 502}),
        json!({"error_rate": 1.0, "status": 503}),
        json!({"truncate": true}),
        json!({"drop": true}),
    ];

    for fault in faults {
        service.faults(fault.clone()).await;

        for path in [
            "/titles",
            "/titles/7",
            "/search?q=кот",
            "/updates",
            "/popular",
            "/random",
            "/schedule",
            "/genres",
        ] {
            let answer = service.get(path).await;
            assert_eq!(answer.error(502), "UPSTREAM_ERROR", "{path} with {fault}");
            assert!(answer.json()["error"]["details"]["reason"].is_string(), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn slow_upstream_is_a_gateway_timeout() {
    let service = Service::sandbox(&IMPATIENT, &[]);
    service.faults(json!({"latency_ms": 30_000})).await;

    let answer = service.get("/titles/7").await;

    assert_eq!(answer.error(504), "UPSTREAM_TIMEOUT");
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
