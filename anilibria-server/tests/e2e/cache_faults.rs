//! Outages of Redis and MongoDB.

use serde_json::{Value, json};
use test_services::{MongoServer, RedisServer};

use crate::support::{Service, eventually};

/// Paths whose response is cached before the outage.
const WARM: [&str; 6] = ["/titles/1", "/titles/2", "/titles", "/search?q=кот", "/schedule", "/genres"];

async fn warm(service: &Service) {
    for path in WARM {
        service.get(path).await.success();
    }
}

/// Asserts that all warm paths are answered from the cache, 20 times.
async fn assert_served(service: &Service) {
    for _ in 0..20 {
        for path in WARM {
            assert_eq!(service.get(path).await.success()["meta"]["cached"], true, "{path}");
        }
    }
}

/// Waits until `/health` has the `expected` values at these JSON pointers.
async fn wait_for_health(service: &Service, expected: &[(&str, &str)]) {
    eventually(&format!("{expected:?}"), async || {
        let health = service.get("/health").await;
        assert_eq!(health.status.as_u16(), 200, "{}", health.text);
        let body = health.json();
        let is = |&(pointer, value): &(&str, &str)| body.pointer(pointer) == Some(&Value::from(value));
        expected.iter().all(is).then_some(())
    })
    .await;
}

async fn assert_ready(service: &Service) {
    assert_eq!(service.get("/ready").await.json()["status"], "ready");
}

#[tokio::test]
async fn service_without_back_ends_is_healthy() {
    let service = Service::sandbox(&[], &[]);

    let parts = ["/checks/redis/status", "/checks/database/status", "/database/status"];
    wait_for_health(&service, &parts.map(|part| (part, "not_configured"))).await;
    wait_for_health(&service, &[("/status", "healthy"), ("/cache/status", "connected")]).await;
    assert_ready(&service).await;
}

#[tokio::test]
async fn service_survives_a_restart_of_redis() {
    let Some(mut redis) = RedisServer::start() else { return };
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);
    wait_for_health(&service, &[("/status", "healthy"), ("/checks/redis/status", "healthy")]).await;
    warm(&service).await;

    redis.kill();
    assert_served(&service).await;
    assert_eq!(service.get("/titles/5").await.success()["data"]["id"], 5);
    let degraded = [
        ("/status", "degraded"),
        ("/cache/status", "degraded"),
        ("/checks/redis/status", "unhealthy"),
        ("/checks/database/status", "not_configured"),
    ];
    wait_for_health(&service, &degraded).await;
    assert_ready(&service).await;

    redis.restart();
    wait_for_health(&service, &[("/status", "healthy"), ("/cache/status", "connected")]).await;
    let mut page = 0;
    eventually("an entry in the restarted Redis", async || {
        // Only a page that was not requested before is written.
        page += 1;
        service.get(&format!("/titles?limit=1&page={page}")).await.success();
        (!redis.cli(&["KEYS", "anilibria:titles:*"]).is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn frozen_redis_does_not_block_requests() {
    let Some(redis) = RedisServer::start() else { return };
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);
    warm(&service).await;

    redis.freeze();

    assert_served(&service).await;
    assert_eq!(service.get("/titles/5").await.success()["data"]["id"], 5);
    wait_for_health(&service, &[("/status", "degraded"), ("/checks/redis/status", "unhealthy")]).await;
    assert_ready(&service).await;

    redis.thaw();
    wait_for_health(&service, &[("/status", "healthy")]).await;
}

#[tokio::test]
async fn service_survives_a_restart_of_mongodb() {
    let Some(mut mongo) = MongoServer::start() else { return };
    let service = Service::sandbox(&[], &[("MONGODB_URI", &format!("{}site", mongo.uri()))]);
    wait_for_health(&service, &[("/status", "healthy"), ("/database/status", "connected")]).await;
    warm(&service).await;

    mongo.kill();
    assert_served(&service).await;
    assert_eq!(service.get("/titles/5").await.success()["data"]["id"], 5);
    let degraded = [
        ("/status", "degraded"),
        ("/checks/database/status", "unhealthy"),
        ("/database/status", "disconnected"),
        ("/checks/redis/status", "not_configured"),
    ];
    wait_for_health(&service, &degraded).await;
    assert_ready(&service).await;

    mongo.restart();
    wait_for_health(&service, &[("/status", "healthy"), ("/database/status", "connected")]).await;
}

#[tokio::test]
async fn frozen_mongodb_does_not_block_requests() {
    let Some(mongo) = MongoServer::start() else { return };
    let service = Service::sandbox(&[], &[("MONGODB_URI", &format!("{}site", mongo.uri()))]);
    warm(&service).await;

    mongo.freeze();

    assert_served(&service).await;
    assert_eq!(service.get("/titles/5").await.success()["data"]["id"], 5);
    wait_for_health(&service, &[("/status", "degraded"), ("/database/status", "disconnected")]).await;
    assert_ready(&service).await;

    mongo.thaw();
    wait_for_health(&service, &[("/status", "healthy"), ("/database/status", "connected")]).await;
}

#[tokio::test]
async fn back_ends_that_are_down_at_the_start_are_used_later() {
    let Some((mut redis, mut mongo)) = RedisServer::start().zip(MongoServer::start()) else { return };
    let (url, uri) = (redis.url(), format!("{}site", mongo.uri()));
    redis.kill();
    mongo.kill();

    let service = Service::sandbox(&[], &[("REDIS_URL", &url), ("MONGODB_URI", &uri)]);
    warm(&service).await;
    assert_served(&service).await;
    wait_for_health(&service, &[("/status", "degraded")]).await;

    redis.restart();
    mongo.restart();
    wait_for_health(&service, &[("/status", "healthy"), ("/cache/status", "connected")]).await;
}

#[tokio::test]
async fn cached_responses_are_served_while_all_back_ends_are_down() {
    let Some((mut redis, mut mongo)) = RedisServer::start().zip(MongoServer::start()) else { return };
    let (url, uri) = (redis.url(), format!("{}site", mongo.uri()));
    let service = Service::sandbox(&[], &[("REDIS_URL", &url), ("MONGODB_URI", &uri)]);
    warm(&service).await;

    redis.kill();
    mongo.kill();
    service.faults(json!({"drop": true})).await;

    for path in ["/titles/5", "/titles?page=2", "/popular", "/random"] {
        service.get(path).await.upstream_error();
        assert_served(&service).await;
    }
    wait_for_health(&service, &[("/status", "degraded"), ("/anilibria_api/status", "disconnected")]).await;
    assert_ready(&service).await;
}
