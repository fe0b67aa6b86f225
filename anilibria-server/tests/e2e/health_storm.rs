//! Health requests neither load nor wait for the back ends.

use std::time::Instant;

use test_services::{MongoServer, RedisServer};

use crate::support::{Service, eventually};

/// How often Redis was asked whether it is there.
fn pings(redis: &RedisServer) -> u64 {
    let stats = redis.cli(&["INFO", "commandstats"]);
    let line = stats.lines().find_map(|line| line.trim().strip_prefix("cmdstat_ping:calls=")).unwrap_or("0,");
    line.split(',').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn storm_of_probes_asks_redis_once_a_second() {
    let Some(redis) = RedisServer::start() else { return };
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);
    service.get("/health").await;
    let (before, begin) = (pings(&redis), Instant::now());

    for _ in 0..100 {
        assert_eq!(service.get("/health").await.json()["checks"]["redis"]["status"], "healthy");
        service.get("/ready").await;
    }

    let asked = pings(&redis) - before;
    let most = begin.elapsed().as_secs() + 1;
    assert!(asked <= most, "asked {asked} times in {most} seconds");
}

/// Checks of MongoDB take two seconds when it does not answer, those of Redis half a second.
#[tokio::test]
async fn readiness_does_not_wait_for_back_ends_that_do_not_answer() {
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
    // Twenty checks would take forty seconds.
    assert!(begin.elapsed().as_secs() < 10, "{:?}", begin.elapsed());

    redis.thaw();
    mongo.thaw();
    eventually("recovery", async || {
        (service.get("/health").await.json()["status"] == "healthy").then_some(())
    })
    .await;
}
