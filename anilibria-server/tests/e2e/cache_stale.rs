//! Stale responses.

use serde_json::json;

use crate::support::{Service, eventually};

/// Lifetimes and timeouts that are short enough for a test.
const SHORT: [(&str, &str); 4] = [
    ("CACHE_TTL_MEMORY", "1"),
    ("CACHE_STALE_SECONDS", "3"),
    ("UPSTREAM_TIMEOUT_SECONDS", "1"),
    ("UPSTREAM_ATTEMPT_TIMEOUT_SECONDS", "1"),
];

#[tokio::test]
async fn stale_response_is_served_without_upstream_until_it_expires() {
    for path in ["/titles/7", "/genres"] {
        let service = Service::sandbox(&[], &SHORT);
        let loaded = service.get(path).await.success();
        service.faults(json!({"drop": true})).await;

        let stale = eventually("a stale response", async || {
            let response = service.get(path).await;
            response.is_stale().then_some(response)
        })
        .await;
        let refused = eventually("the expiry of the stale response", async || {
            let response = service.get(path).await;
            (!response.status.is_success()).then_some(response)
        })
        .await;

        assert_eq!(stale.level(), "memory");
        assert_eq!(stale.success()["data"], loaded["data"]);
        assert_eq!(stale.success()["meta"]["cache_expires"], loaded["meta"]["cache_expires"]);
        refused.upstream_error();
    }
}

#[tokio::test]
async fn stale_response_is_served_while_the_upstream_is_slow() {
    let service = Service::sandbox(&[], &[("CACHE_TTL_MEMORY", "1")]);
    service.get("/titles/7").await.success();

    // Longer than the timeout of the test, so that only the cache can respond in time.
    service.faults(json!({"latency_ms": 60_000})).await;

    eventually("a stale response", async || service.get("/titles/7").await.is_stale().then_some(())).await;
}

#[tokio::test]
async fn fresh_response_is_served_after_the_upstream_recovers() {
    let service = Service::sandbox(&[], &[("CACHE_TTL_MEMORY", "1")]);
    service.get("/titles/7").await.success();
    service.faults(json!({"drop": true})).await;
    eventually("a stale response", async || service.get("/titles/7").await.is_stale().then_some(())).await;

    service.faults(json!({})).await;

    eventually("a fresh response", async || (!service.get("/titles/7").await.is_stale()).then_some(())).await;
}

#[tokio::test]
async fn stale_responses_can_be_disabled() {
    let service = Service::sandbox(&[], &[("CACHE_TTL_MEMORY", "1"), ("CACHE_STALE_SECONDS", "0")]);
    service.get("/titles/7").await.success();
    service.faults(json!({"drop": true})).await;

    let refused = eventually("the expiry of the response", async || {
        let response = service.get("/titles/7").await;
        if response.status.is_success() {
            assert!(!response.is_stale(), "{}", response.text);
            return None;
        }
        Some(response)
    })
    .await;

    refused.upstream_error();
}
