//! Faults in the process, without sockets.

use std::time::Duration;

use anilibria_sandbox::{Faults, Sandbox};
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use serde_json::json;

use crate::ask::{ask, call};

#[tokio::test]
async fn failed_calls_have_the_status_and_retry_after() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().error_rate(1.0).status(429).retry_after(3)).unwrap();

    let response = ask(&sandbox, "/anime/genres").await;

    assert_eq!(response.status.as_u16(), 429);
    assert_eq!(response.headers["retry-after"], "3");
    assert_eq!(response.json(), json!({"message": "Too Many Requests"}));
    assert_eq!(sandbox.requests()[0].status, 429);
}

#[tokio::test]
async fn error_rate_selects_the_same_calls_after_each_change() {
    let run = async || {
        let sandbox = Sandbox::builder().seed(3).build();
        sandbox.set_faults(Faults::new().error_rate(0.5)).unwrap();
        for _ in 0..60 {
            ask(&sandbox, "/app/status").await;
        }
        sandbox.requests().into_iter().map(|request| request.status).collect::<Vec<_>>()
    };

    let first = run().await;

    assert!(first.contains(&503) && first.contains(&200));
    assert_eq!(first, run().await);
}

#[tokio::test]
async fn faults_apply_to_the_given_paths_and_never_to_the_control_api() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().error_rate(1.0).paths(["/anime/genres"])).unwrap();

    assert_eq!(ask(&sandbox, "/anime/genres/21").await.status.as_u16(), 503);
    assert_eq!(ask(&sandbox, "/anime/releases/7").await.status.as_u16(), 200);
    let cleared = call(&sandbox, "PUT", "/sandbox/faults", &json!({})).await;
    assert_eq!(cleared.status.as_u16(), 200);
    assert_eq!(ask(&sandbox, "/anime/genres/21").await.status.as_u16(), 200);
}

#[tokio::test]
async fn control_api_returns_the_current_faults() {
    let sandbox = Sandbox::new();
    let faults = json!({"latency_ms": 1, "error_rate": 0.3, "status": 503, "retry_after": 1, "truncate": false,
        "drop": false, "paths": ["/anime/"]});

    let response = call(&sandbox, "PUT", "/sandbox/faults", &faults).await;

    assert_eq!(response.json(), faults);
    assert_eq!(serde_json::to_value(sandbox.faults()).unwrap(), faults);
}

#[tokio::test]
async fn rejected_faults_do_not_change_the_current_ones() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().error_rate(1.0)).unwrap();

    let refused = sandbox.set_faults(Faults::new().status(200)).unwrap_err();

    assert_eq!(refused.field, "status");
    assert_eq!(sandbox.faults(), Faults::new().error_rate(1.0));
}

#[tokio::test(start_paused = true)]
async fn latency_delays_the_response() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().latency(Duration::from_secs(7))).unwrap();
    let asked_at = tokio::time::Instant::now();

    let response = ask(&sandbox, "/anime/genres").await;

    assert_eq!(response.status.as_u16(), 200);
    // The clock is paused, so the elapsed time is exactly the injected latency.
    assert!(asked_at.elapsed() >= Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn call_of_a_client_that_disconnects_is_logged() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().latency(Duration::from_secs(7))).unwrap();

    let response = tokio::time::timeout(Duration::from_secs(1), ask(&sandbox, "/anime/genres")).await;

    assert!(response.is_err());
    assert_eq!(sandbox.requests()[0].status, 499);
}

#[tokio::test]
async fn truncated_response_declares_its_full_length() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().truncate(true)).unwrap();
    let request = Request::get("/api/v1/anime/genres").body(Bytes::new()).unwrap();

    let response = sandbox.handle(request).await;

    let declared: usize = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let mut body = response.into_body();
    let sent = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(sent.len(), declared / 2);
    assert!(body.frame().await.unwrap().is_err());
}
