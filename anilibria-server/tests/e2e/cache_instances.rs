//! Two instances that share Redis.

use futures::future;
use serde_json::json;
use test_services::RedisServer;

use crate::support::{Service, eventually};

/// Number of concurrent requests to each of two instances.
const CALLERS: usize = 500;

/// Waits until `service` is connected to Redis.
async fn wait_for_redis(service: &Service) {
    eventually("a connection to Redis", async || {
        let health = service.get("/health").await.json();
        (health["checks"]["redis"]["status"] == "healthy").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_requests_to_two_instances_cause_one_upstream_request() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    // All callers have the same address.
    let variables = [("REDIS_URL", &*redis.url()), ("MAX_CONCURRENT_REQUESTS_PER_CLIENT", "1000")];
    let (one, two) =
        (Service::reading_from(&upstream, &variables), Service::reading_from(&upstream, &variables));
    future::join(wait_for_redis(&one), wait_for_redis(&two)).await;
    // Slow enough that most callers are waiting when the response arrives.
    upstream.faults(json!({"latency_ms": 2000})).await;

    let request_all =
        |service| future::join_all((0..CALLERS).map(move |_| Service::get(service, "/titles/7")));
    let (ones, twos) = future::join(request_all(&one), request_all(&two)).await;

    let first = ones[0].success();
    let mut responses = ones.iter().chain(&twos);
    assert!(responses.all(|response| response.success()["data"] == first["data"]));
    assert_eq!(upstream.upstream_hits("/api/v1/anime/releases/7").await, 1);
}

#[tokio::test]
async fn load_lock_of_a_killed_instance_expires() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let variables = [("REDIS_URL", &*redis.url())];
    let (one, two) =
        (Service::reading_from(&upstream, &variables), Service::reading_from(&upstream, &variables));
    future::join(wait_for_redis(&one), wait_for_redis(&two)).await;
    upstream.faults(json!({"latency_ms": 60_000})).await;
    let origin = one.origin.clone();
    let abandoned = tokio::spawn(reqwest::get(format!("{origin}/titles/7")));
    eventually("the lock of the load", async || {
        (redis.cli(&["EXISTS", "anilibria:#lock:title:7"]) == "1").then_some(())
    })
    .await;

    one.kill();
    upstream.faults(json!({})).await;

    assert!(abandoned.await.unwrap().is_err());
    assert_eq!(two.get("/titles/7").await.success()["data"]["id"], 7);
}

#[tokio::test]
async fn new_instance_serves_from_redis_without_upstream() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let variables = [("REDIS_URL", &*redis.url())];
    let one = Service::reading_from(&upstream, &variables);
    one.get("/titles/7").await.success();
    eventually("the entry in Redis", async || {
        (redis.cli(&["EXISTS", "anilibria:title:7"]) == "1").then_some(())
    })
    .await;
    one.kill();

    upstream.faults(json!({"drop": true})).await;
    let two = Service::reading_from(&upstream, &variables);
    wait_for_redis(&two).await;

    assert_eq!(two.get("/ready").await.json()["status"], "ready");
    let health = two.get("/health").await;
    assert_eq!((health.status.as_u16(), &health.json()["status"]), (200, &"degraded".into()));
    assert_eq!(two.get("/titles/7").await.level(), "redis");
}
