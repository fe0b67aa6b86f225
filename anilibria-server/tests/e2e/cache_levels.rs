//! Which level of the cache answers, and until when it says its answer is fresh.

use serde_json::json;
use test_services::{MongoServer, RedisServer};

use crate::support::{Answer, Service, eventually};

/// Where the back ends of a test are, as the settings of a service.
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

    /// A new instance on both.
    fn instance(&self, upstream: &Service) -> Service {
        let variables = [("REDIS_URL", &*self.redis_url), ("MONGODB_URI", &*self.mongodb_uri)];
        Service::reading_from(upstream, &variables)
    }
}

fn expires(answer: &Answer) -> String {
    answer.good()["meta"]["cache_expires"].as_str().unwrap().to_owned()
}

/// Waits until `redis` has something under `key`: a level that others share is written after the caller has the answer.
async fn kept_in_redis(redis: &RedisServer, key: &str) {
    eventually("the answer in Redis", async || (redis.cli(&["EXISTS", key]) == "1").then_some(())).await;
}

/// Waits until MongoDB has the answer of `path`, while `upstream` gives none.
async fn kept_in_mongodb(back_ends: &BackEnds, upstream: &Service, path: &str) {
    let reader = Service::reading_from(upstream, &[("MONGODB_URI", &back_ends.mongodb_uri)]);
    eventually(path, async || reader.get(path).await.status.is_success().then_some(())).await;
}

#[tokio::test]
async fn title_comes_from_the_nearest_level_that_has_it() {
    let Some(back_ends) = BackEnds::start() else { return };
    let upstream = Service::upstream();

    let one = back_ends.instance(&upstream);
    let loaded = one.get("/titles/7").await;
    let from_memory = one.get("/titles/7").await;
    kept_in_redis(&back_ends.redis, "anilibria:title:7").await;
    let two = back_ends.instance(&upstream);
    let from_redis = two.get("/titles/7").await;
    let from_own_memory = two.get("/titles/7").await;
    // What MongoDB gives has to have got there, and nobody else can give it.
    upstream.faults(json!({"drop": true})).await;
    kept_in_mongodb(&back_ends, &upstream, "/titles/7").await;
    back_ends.redis.flush();
    let from_database = back_ends.instance(&upstream).get("/titles/7").await;

    assert_eq!(loaded.good()["meta"]["cached"], false);
    let answers = [&loaded, &from_memory, &from_redis, &from_own_memory, &from_database];
    assert_eq!(answers.map(Answer::level), ["", "memory", "redis", "memory", "database"]);
    assert!(answers.iter().all(|answer| answer.good()["data"] == loaded.good()["data"]));
}

#[tokio::test]
async fn each_level_tells_when_its_own_entry_ends() {
    let Some(back_ends) = BackEnds::start() else { return };
    let upstream = Service::upstream();
    let one = back_ends.instance(&upstream);

    let loaded = expires(&one.get("/titles/7").await);
    let in_memory = expires(&one.get("/titles/7").await);
    kept_in_redis(&back_ends.redis, "anilibria:title:7").await;
    let (two, three) = (back_ends.instance(&upstream), back_ends.instance(&upstream));
    let in_redis = expires(&two.get("/titles/7").await);

    // Times of this form are in order when their texts are.
    assert_eq!(loaded, in_memory);
    assert!(in_memory < in_redis, "{in_memory} {in_redis}");
    assert_eq!(in_redis, expires(&three.get("/titles/7").await));
    assert!(expires(&two.get("/titles/7").await) < in_redis);
}

#[tokio::test]
async fn lists_are_shared_through_redis_and_never_kept_in_mongodb() {
    let Some(back_ends) = BackEnds::start() else { return };
    let upstream = Service::upstream();
    let lists = ["/titles", "/search?q=кот", "/updates", "/popular", "/schedule", "/genres"];
    let one = back_ends.instance(&upstream);
    for list in lists {
        one.get(list).await.good();
    }
    // Written after the lists, to the same places.
    one.get("/titles/7").await.good();

    upstream.faults(json!({"drop": true})).await;
    let two = back_ends.instance(&upstream);
    for list in lists {
        let shared = eventually(list, async || {
            let answer = two.get(list).await;
            answer.status.is_success().then_some(answer)
        })
        .await;
        assert_eq!(shared.level(), "redis", "{list}");
    }
    kept_in_mongodb(&back_ends, &upstream, "/titles/7").await;

    back_ends.redis.flush();
    let three = back_ends.instance(&upstream);
    for list in lists {
        three.get(list).await.upstream_error();
    }
}

#[tokio::test]
async fn title_in_mongodb_outlives_the_services_and_the_server() {
    let Some(mut back_ends) = BackEnds::start() else { return };
    let upstream = Service::upstream();
    let one = back_ends.instance(&upstream);
    let loaded = one.get("/titles/7").await.good();
    upstream.faults(json!({"drop": true})).await;
    kept_in_mongodb(&back_ends, &upstream, "/titles/7").await;

    one.kill();
    back_ends.redis.restart();
    back_ends.mongo.restart();
    let answer = back_ends.instance(&upstream).get("/titles/7").await;

    assert_eq!((answer.level(), &answer.good()["data"]), ("database".to_owned(), &loaded["data"]));
}
