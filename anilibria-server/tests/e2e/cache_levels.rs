//! Levels of the cache: which one serves a value, and its expiry in the response.

use serde_json::json;
use test_services::{MongoServer, RedisServer};

use crate::support::{Response, Service, eventually};

/// Redis and MongoDB, and their settings for a service.
struct BackEnds {
    redis: RedisServer,
    mongo: MongoServer,
    redis_url: String,
    mongodb_uri: String,
}

impl BackEnds {
    fn start() -> Option<Self> {
        let (redis, mongo) = (RedisServer::start()?, MongoServer::start()?);
        let (redis_url, mongodb_uri) = (redis.url(), format!("{}site", mongo.uri()));
        Some(Self { redis, mongo, redis_url, mongodb_uri })
    }

    /// Starts an instance that uses both.
    fn instance(&self, upstream: &Service) -> Service {
        let variables = [("REDIS_URL", &*self.redis_url), ("MONGODB_URI", &*self.mongodb_uri)];
        Service::reading_from(upstream, &variables)
    }
}

fn expires(response: &Response) -> String {
    response.success()["meta"]["cache_expires"].as_str().unwrap().to_owned()
}

/// Waits until `redis` has the key `key`. Shared levels are written after the response is sent.
async fn wait_for_redis(redis: &RedisServer, key: &str) {
    eventually("the entry in Redis", async || (redis.cli(&["EXISTS", key]) == "1").then_some(())).await;
}

/// Waits until MongoDB serves `path`. The upstream must be down.
async fn wait_for_mongodb(back_ends: &BackEnds, upstream: &Service, path: &str) {
    let reader = Service::reading_from(upstream, &[("MONGODB_URI", &back_ends.mongodb_uri)]);
    eventually(path, async || reader.get(path).await.status.is_success().then_some(())).await;
}

#[tokio::test]
async fn title_is_read_from_the_nearest_level() {
    let Some(back_ends) = BackEnds::start() else { return };
    let upstream = Service::upstream();

    let one = back_ends.instance(&upstream);
    let loaded = one.get("/titles/7").await;
    let from_memory = one.get("/titles/7").await;
    wait_for_redis(&back_ends.redis, "anilibria:title:7").await;
    let two = back_ends.instance(&upstream);
    let from_redis = two.get("/titles/7").await;
    let from_own_memory = two.get("/titles/7").await;
    // With the upstream down, only MongoDB can serve the title.
    upstream.faults(json!({"drop": true})).await;
    wait_for_mongodb(&back_ends, &upstream, "/titles/7").await;
    back_ends.redis.flush();
    let from_database = back_ends.instance(&upstream).get("/titles/7").await;

    assert_eq!(loaded.success()["meta"]["cached"], false);
    let responses = [&loaded, &from_memory, &from_redis, &from_own_memory, &from_database];
    assert_eq!(responses.map(Response::level), ["", "memory", "redis", "memory", "database"]);
    assert!(responses.iter().all(|response| response.success()["data"] == loaded.success()["data"]));
}

#[tokio::test]
async fn expiry_is_that_of_the_level() {
    let Some(back_ends) = BackEnds::start() else { return };
    let upstream = Service::upstream();
    let one = back_ends.instance(&upstream);

    let loaded = expires(&one.get("/titles/7").await);
    let in_memory = expires(&one.get("/titles/7").await);
    wait_for_redis(&back_ends.redis, "anilibria:title:7").await;
    let (two, three) = (back_ends.instance(&upstream), back_ends.instance(&upstream));
    let in_redis = expires(&two.get("/titles/7").await);

    // RFC 3339 texts in UTC sort like the times.
    assert_eq!(loaded, in_memory);
    assert!(in_memory < in_redis, "{in_memory} {in_redis}");
    assert_eq!(in_redis, expires(&three.get("/titles/7").await));
    assert!(expires(&two.get("/titles/7").await) < in_redis);
}

#[tokio::test]
async fn lists_are_stored_in_redis_but_not_in_mongodb() {
    let Some(back_ends) = BackEnds::start() else { return };
    let upstream = Service::upstream();
    let lists = ["/titles", "/search?q=кот", "/updates", "/popular", "/schedule", "/genres"];
    let one = back_ends.instance(&upstream);
    for list in lists {
        one.get(list).await.success();
    }
    // The title is written after the lists, to both stores.
    one.get("/titles/7").await.success();

    upstream.faults(json!({"drop": true})).await;
    let two = back_ends.instance(&upstream);
    for list in lists {
        let shared = eventually(list, async || {
            let response = two.get(list).await;
            response.status.is_success().then_some(response)
        })
        .await;
        assert_eq!(shared.level(), "redis", "{list}");
    }
    wait_for_mongodb(&back_ends, &upstream, "/titles/7").await;

    back_ends.redis.flush();
    let three = back_ends.instance(&upstream);
    for list in lists {
        three.get(list).await.upstream_error();
    }
}

#[tokio::test]
async fn title_in_mongodb_survives_restarts() {
    let Some(mut back_ends) = BackEnds::start() else { return };
    let upstream = Service::upstream();
    let one = back_ends.instance(&upstream);
    let loaded = one.get("/titles/7").await.success();
    upstream.faults(json!({"drop": true})).await;
    wait_for_mongodb(&back_ends, &upstream, "/titles/7").await;

    one.kill();
    back_ends.redis.restart();
    back_ends.mongo.restart();
    let response = back_ends.instance(&upstream).get("/titles/7").await;

    assert_eq!((response.level(), &response.success()["data"]), ("database".to_owned(), &loaded["data"]));
}
