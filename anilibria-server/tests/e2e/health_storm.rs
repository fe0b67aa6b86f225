//! Whoever asks all the time how the service is does not bring down what is behind it.

use std::time::Instant;

use test_services::RedisServer;

use crate::support::Service;

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
