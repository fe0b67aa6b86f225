//! Answers past their time.

use serde_json::json;

use crate::support::{Service, eventually};

/// Ends of time that a test can wait for.
const SHORT: [(&str, &str); 4] = [
    ("CACHE_TTL_MEMORY", "1"),
    ("CACHE_STALE_SECONDS", "3"),
    ("UPSTREAM_TIMEOUT_SECONDS", "1"),
    ("UPSTREAM_ATTEMPT_TIMEOUT_SECONDS", "1"),
];

#[tokio::test]
async fn answer_past_its_time_is_served_marked_while_the_upstream_is_down_and_not_for_ever() {
    for path in ["/titles/7", "/genres"] {
        let service = Service::sandbox(&[], &SHORT);
        let loaded = service.get(path).await.good();
        service.faults(json!({"drop": true})).await;

        let stale = eventually("a stale answer", async || {
            let answer = service.get(path).await;
            answer.is_stale().then_some(answer)
        })
        .await;
        let refused = eventually("the end of the stale answer", async || {
            let answer = service.get(path).await;
            (!answer.status.is_success()).then_some(answer)
        })
        .await;

        assert_eq!(stale.level(), "memory");
        assert_eq!(stale.good()["data"], loaded["data"]);
        assert_eq!(stale.good()["meta"]["cache_expires"], loaded["meta"]["cache_expires"]);
        refused.upstream_error();
    }
}

#[tokio::test]
async fn slow_upstream_is_not_waited_for_when_there_is_a_stale_answer() {
    let service = Service::sandbox(&[], &[("CACHE_TTL_MEMORY", "1")]);
    service.get("/titles/7").await.good();

    // Longer than anybody waits: an answer at all comes from the cache.
    service.faults(json!({"latency_ms": 60_000})).await;

    eventually("a stale answer", async || service.get("/titles/7").await.is_stale().then_some(())).await;
}

#[tokio::test]
async fn fresh_answer_takes_the_place_of_the_stale_one_once_the_upstream_is_back() {
    let service = Service::sandbox(&[], &[("CACHE_TTL_MEMORY", "1")]);
    service.get("/titles/7").await.good();
    service.faults(json!({"drop": true})).await;
    eventually("a stale answer", async || service.get("/titles/7").await.is_stale().then_some(())).await;

    service.faults(json!({})).await;

    eventually("a fresh answer", async || (!service.get("/titles/7").await.is_stale()).then_some(())).await;
}

#[tokio::test]
async fn nothing_stale_is_served_when_that_is_switched_off() {
    let service = Service::sandbox(&[], &[("CACHE_TTL_MEMORY", "1"), ("CACHE_STALE_SECONDS", "0")]);
    service.get("/titles/7").await.good();
    service.faults(json!({"drop": true})).await;

    let refused = eventually("the end of the answer", async || {
        let answer = service.get("/titles/7").await;
        if answer.status.is_success() {
            assert!(!answer.is_stale(), "{}", answer.text);
            return None;
        }
        Some(answer)
    })
    .await;

    refused.upstream_error();
}
