//! Concurrent requests for an uncached title.

use futures::future;

use crate::support::Service;

#[tokio::test]
async fn concurrent_requests_cause_one_upstream_request() {
    let service = Service::sandbox(&[], &[]);
    // Slow enough that all requests are waiting when the response arrives.
    service.faults(serde_json::json!({"latency_ms": 500})).await;

    let responses = future::join_all((0..200).map(|_| service.get("/titles/7"))).await;

    let first = responses[0].success();
    assert!(responses.iter().all(|response| response.success()["data"] == first["data"]));
    assert_eq!(service.upstream_hits("/api/v1/anime/releases/7").await, 1);
}
