//! Back ends of the cache that come and go.

use serde_json::{Value, json};
use test_services::{MongoServer, RedisServer};

use crate::support::{Service, eventually};

const WARM: [&str; 6] = ["/titles/1", "/titles/2", "/titles", "/search?q=кот", "/schedule", "/genres"];

async fn warm(service: &Service) {
    for path in WARM {
        service.get(path).await.good();
    }
}

/// Asks for every warm answer, over and over.
async fn is_served(service: &Service) {
    for _ in 0..20 {
        for path in WARM {
            assert_eq!(service.get(path).await.good()["meta"]["cached"], true, "{path}");
        }
    }
}

/// Waits until `/health` is as `expected` says, each by its JSON pointer.
async fn health(service: &Service, expected: &[(&str, &str)]) {
    eventually(&format!("{expected:?}"), async || {
        let health = service.get("/health").await;
        assert_eq!(health.status.as_u16(), 200, "{}", health.text);
        let body = health.json();
        let is = |&(pointer, value): &(&str, &str)| body.pointer(pointer) == Some(&Value::from(value));
        expected.iter().all(is).then_some(())
    })
    .await;
}

async fn is_ready(service: &Service) {
    assert_eq!(service.get("/ready").await.json()["status"], "ready");
}

#[tokio::test]
async fn nothing_is_wrong_with_a_service_without_back_ends() {
    let service = Service::sandbox(&[], &[]);

    let parts = ["/checks/redis/status", "/checks/database/status", "/database/status"];
    health(&service, &parts.map(|part| (part, "not_configured"))).await;
    health(&service, &[("/status", "healthy"), ("/cache/status", "connected")]).await;
    is_ready(&service).await;
}

#[tokio::test]
async fn redis_may_be_killed_and_come_back() {
    let Some(mut redis) = RedisServer::start() else { return };
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);
    health(&service, &[("/status", "healthy"), ("/checks/redis/status", "healthy")]).await;
    warm(&service).await;

    redis.kill();
    is_served(&service).await;
    assert_eq!(service.get("/titles/5").await.good()["data"]["id"], 5);
    let degraded = [
        ("/status", "degraded"),
        ("/cache/status", "degraded"),
        ("/checks/redis/status", "unhealthy"),
        ("/checks/database/status", "not_configured"),
    ];
    health(&service, &degraded).await;
    is_ready(&service).await;

    redis.restart();
    health(&service, &[("/status", "healthy"), ("/cache/status", "connected")]).await;
    let mut page = 0;
    eventually("an answer in the new Redis", async || {
        // Each is new, or nothing would be written.
        page += 1;
        service.get(&format!("/titles?limit=1&page={page}")).await.good();
        (!redis.cli(&["KEYS", "anilibria:titles:*"]).is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn frozen_redis_holds_up_no_warm_answer_and_no_cold_one_for_long() {
    let Some(redis) = RedisServer::start() else { return };
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);
    warm(&service).await;

    redis.freeze();

    is_served(&service).await;
    assert_eq!(service.get("/titles/5").await.good()["data"]["id"], 5);
    health(&service, &[("/status", "degraded"), ("/checks/redis/status", "unhealthy")]).await;
    is_ready(&service).await;

    redis.thaw();
    health(&service, &[("/status", "healthy")]).await;
}

#[tokio::test]
async fn mongodb_may_be_killed_and_come_back() {
    let Some(mut mongo) = MongoServer::start() else { return };
    let service = Service::sandbox(&[], &[("MONGODB_URI", &format!("{}site", mongo.uri()))]);
    health(&service, &[("/status", "healthy"), ("/database/status", "connected")]).await;
    warm(&service).await;

    mongo.kill();
    is_served(&service).await;
    assert_eq!(service.get("/titles/5").await.good()["data"]["id"], 5);
    let degraded = [
        ("/status", "degraded"),
        ("/checks/database/status", "unhealthy"),
        ("/database/status", "disconnected"),
        ("/checks/redis/status", "not_configured"),
    ];
    health(&service, &degraded).await;
    is_ready(&service).await;

    mongo.restart();
    health(&service, &[("/status", "healthy"), ("/database/status", "connected")]).await;
}

#[tokio::test]
async fn frozen_mongodb_holds_up_no_warm_answer_and_no_cold_one_for_long() {
    let Some(mongo) = MongoServer::start() else { return };
    let service = Service::sandbox(&[], &[("MONGODB_URI", &format!("{}site", mongo.uri()))]);
    warm(&service).await;

    mongo.freeze();

    is_served(&service).await;
    assert_eq!(service.get("/titles/5").await.good()["data"]["id"], 5);
    health(&service, &[("/status", "degraded"), ("/database/status", "disconnected")]).await;
    is_ready(&service).await;

    mongo.thaw();
    health(&service, &[("/status", "healthy"), ("/database/status", "connected")]).await;
}

#[tokio::test]
async fn back_ends_that_are_down_from_the_start_are_used_once_they_are_there() {
    let Some((mut redis, mut mongo)) = RedisServer::start().zip(MongoServer::start()) else { return };
    let (url, uri) = (redis.url(), format!("{}site", mongo.uri()));
    redis.kill();
    mongo.kill();

    let service = Service::sandbox(&[], &[("REDIS_URL", &url), ("MONGODB_URI", &uri)]);
    warm(&service).await;
    is_served(&service).await;
    health(&service, &[("/status", "degraded")]).await;

    redis.restart();
    mongo.restart();
    health(&service, &[("/status", "healthy"), ("/cache/status", "connected")]).await;
}

#[tokio::test]
async fn everything_may_be_down_and_what_is_warm_is_still_answered() {
    let Some((mut redis, mut mongo)) = RedisServer::start().zip(MongoServer::start()) else { return };
    let (url, uri) = (redis.url(), format!("{}site", mongo.uri()));
    let service = Service::sandbox(&[], &[("REDIS_URL", &url), ("MONGODB_URI", &uri)]);
    warm(&service).await;

    redis.kill();
    mongo.kill();
    service.faults(json!({"drop": true})).await;

    for path in ["/titles/5", "/titles?page=2", "/popular", "/random"] {
        service.get(path).await.upstream_error();
        is_served(&service).await;
    }
    health(&service, &[("/status", "degraded"), ("/anilibria_api/status", "disconnected")]).await;
    is_ready(&service).await;
}
