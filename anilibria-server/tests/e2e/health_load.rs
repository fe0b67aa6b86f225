//! Health requests under load and with frozen back ends.

use std::time::Instant;

use test_services::{MongoServer, RedisServer};

use crate::support::{Service, eventually};

/// Returns the number of pings that Redis has received.
fn pings(redis: &RedisServer) -> u64 {
    let stats = redis.cli(&["INFO", "commandstats"]);
    let line = stats.lines().find_map(|line| line.trim().strip_prefix("cmdstat_ping:calls=")).unwrap_or("0,");
    line.split(',').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn probes_ping_redis_once_per_second() {
    let Some(redis) = RedisServer::start() else { return };
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);
    service.get("/health").await;
    let (before, begin) = (pings(&redis), Instant::now());

    for _ in 0..100 {
        assert_eq!(service.get("/health").await.json()["checks"]["redis"]["status"], "healthy");
        service.get("/ready").await;
    }

    let count = pings(&redis) - before;
    let most = begin.elapsed().as_secs() + 1;
    assert!(count <= most, "{count} pings in {most} seconds");
}

/// A check of a frozen MongoDB takes two seconds, a check of a frozen Redis half a second.
#[tokio::test]
async fn probes_do_not_wait_for_frozen_back_ends() {
    let (Some(redis), Some(mongo)) = (RedisServer::start(), MongoServer::start()) else { return };
    let (url, uri) = (redis.url(), format!("{}site", mongo.uri()));
    let variables = [("REDIS_URL", url.as_str()), ("MONGODB_URI", &uri), ("CATALOGUE_ENABLED", "true")];
    let service = Service::sandbox(&[], &variables);
    eventually("the catalog", async || {
        let body = service.get("/health").await.json();
        (body["checks"]["catalogue"]["status"] == "healthy").then_some(())
    })
    .await;
    redis.freeze();
    mongo.freeze();
    eventually("a failed check", async || {
        let body = service.get("/ready").await.json();
        let checks = ["redis", "database"].map(|name| body["checks"][name]["status"] == "unhealthy");
        (checks == [true; 2]).then_some(())
    })
    .await;

    let begin = Instant::now();
    for _ in 0..20 {
        assert_eq!(service.get("/ready").await.status, 200);
        assert_eq!(service.get("/health").await.json()["status"], "degraded");
    }
    // Twenty checks of MongoDB would take 40 seconds.
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());

    redis.thaw();
    mongo.thaw();
    eventually("recovery", async || {
        (service.get("/health").await.json()["status"] == "healthy").then_some(())
    })
    .await;
}
