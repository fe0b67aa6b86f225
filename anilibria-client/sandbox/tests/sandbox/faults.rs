//! Faults without sockets.

use std::time::Duration;

use anilibria_sandbox::{Faults, Sandbox};
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use serde_json::json;

use crate::ask::{ask, call};

#[tokio::test]
async fn failing_calls_answer_with_the_status_and_the_wait() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().error_rate(1.0).status(429).retry_after(3)).unwrap();

    let answer = ask(&sandbox, "/anime/genres").await;

    assert_eq!(answer.status.as_u16(), 429);
    assert_eq!(answer.headers["retry-after"], "3");
    assert_eq!(answer.json(), json!({"message": "Too Many Requests"}));
    assert_eq!(sandbox.requests()[0].status, 429);
}

#[tokio::test]
async fn a_share_of_calls_fails_and_which_ones_repeats() {
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
async fn only_the_given_paths_are_struck_and_the_control_never_is() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().error_rate(1.0).paths(["/anime/genres"])).unwrap();

    assert_eq!(ask(&sandbox, "/anime/genres/21").await.status.as_u16(), 503);
    assert_eq!(ask(&sandbox, "/anime/releases/7").await.status.as_u16(), 200);
    let cleared = call(&sandbox, "PUT", "/sandbox/faults", &json!({})).await;
    assert_eq!(cleared.status.as_u16(), 200);
    assert_eq!(ask(&sandbox, "/anime/genres/21").await.status.as_u16(), 200);
}

#[tokio::test]
async fn the_control_answers_what_is_in_force() {
    let sandbox = Sandbox::new();
    let faults = json!({"latency_ms": 1, "error_rate": 0.3, "status": 503, "retry_after": 1, "truncate": false,
        "drop": false, "paths": ["/anime/"]});

    let answer = call(&sandbox, "PUT", "/sandbox/faults", &faults).await;

    assert_eq!(answer.json(), faults);
    assert_eq!(serde_json::to_value(sandbox.faults()).unwrap(), faults);
}

#[tokio::test]
async fn refused_faults_leave_those_in_force() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().error_rate(1.0)).unwrap();

    let refused = sandbox.set_faults(Faults::new().status(200)).unwrap_err();

    assert_eq!(refused.field, "status");
    assert_eq!(sandbox.faults(), Faults::new().error_rate(1.0));
}

#[tokio::test(start_paused = true)]
async fn latency_delays_and_then_answers() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().latency(Duration::from_secs(7))).unwrap();
    let asked_at = tokio::time::Instant::now();

    let answer = ask(&sandbox, "/anime/genres").await;

    assert_eq!(answer.status.as_u16(), 200);
    // The clock is paused, so what passed is exactly what was waited for.
    assert!(asked_at.elapsed() >= Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_call_nobody_waits_for_is_logged() {
    let sandbox = Sandbox::new();
    sandbox.set_faults(Faults::new().latency(Duration::from_secs(7))).unwrap();

    let answer = tokio::time::timeout(Duration::from_secs(1), ask(&sandbox, "/anime/genres")).await;

    assert!(answer.is_err());
    assert_eq!(sandbox.requests()[0].status, 499);
}

#[tokio::test]
async fn a_truncated_answer_declares_more_than_it_sends() {
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
