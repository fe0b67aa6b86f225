//! Redis keys of the cache, and values of other programs under them.

use std::time::{Duration, SystemTime};

use anilibria_cache::{Entry, Lifetime, Redis, Store as _};
use test_services::RedisServer;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::support::{Service, eventually};

/// Tolerance in seconds for the delay between a load and the write to Redis.
const TOLERANCE: i64 = 60;

async fn wait_for_key(redis: &RedisServer, key: &str) {
    eventually(key, async || (redis.cli(&["EXISTS", key]) == "1").then_some(())).await;
}

fn names(redis: &RedisServer, pattern: &str) -> Vec<String> {
    redis.cli(&["KEYS", pattern]).lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn entries_have_the_documented_keys() {
    let Some(redis) = RedisServer::start() else { return };
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);

    for (path, key) in [
        ("/titles/7", "anilibria:title:7"),
        ("/search?q=%20КОТ%20&limit=5", "anilibria:search:кот:limit:5"),
        ("/popular?limit=3", "anilibria:popular:limit:3"),
        ("/updates", "anilibria:updates:limit:20"),
        ("/schedule", "anilibria:schedule"),
        ("/genres", "anilibria:genres"),
    ] {
        service.get(path).await.success();

        wait_for_key(&redis, key).await;
    }

    service.get("/titles?page=2&limit=3").await.success();
    eventually("a page of the list", async || {
        (names(&redis, "anilibria:titles:page:2:limit:3:filters:*").len() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn keys_have_the_configured_prefix_and_others_are_unchanged() {
    let Some(redis) = RedisServer::start() else { return };
    let others = ["anilibria:v1:x", "anilibria:title:7", "feature:x"];
    for key in others {
        redis.cli(&["SET", key, "theirs"]);
    }
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url()), ("CACHE_KEY_PREFIX", "site:")]);

    service.get("/titles/7").await.success();
    wait_for_key(&redis, "site:title:7").await;

    assert!(names(&redis, "*").iter().all(|key| key.starts_with("site:") || others.contains(&&**key)));
    assert!(others.iter().all(|key| redis.cli(&["GET", key]) == "theirs"));
}

#[tokio::test]
async fn other_keys_with_the_same_prefix_are_unchanged() {
    let Some(redis) = RedisServer::start() else { return };
    redis.cli(&["SET", "anilibria:v1:x", "theirs"]);
    redis.cli(&["SADD", "anilibria:rooms", "one"]);
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);

    for path in ["/titles/7", "/titles", "/titles/999999"] {
        service.get(path).await;
    }
    wait_for_key(&redis, "anilibria:title:999999").await;

    assert_eq!(redis.cli(&["GET", "anilibria:v1:x"]), "theirs");
    assert_eq!(redis.cli(&["SMEMBERS", "anilibria:rooms"]), "one");
}

#[tokio::test]
async fn redis_keeps_entries_for_the_stale_time_and_one_hour() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let url = redis.url();
    let variables = [("REDIS_URL", &*url), ("CACHE_TTL_REDIS", "500"), ("CACHE_STALE_SECONDS", "7000")];
    // The writer must live until the entry is written: the caller gets the response before that.
    let writer = Service::reading_from(&upstream, &variables);
    writer.get("/titles/7").await.success();
    wait_for_key(&redis, "anilibria:title:7").await;

    let body = Service::reading_from(&upstream, &variables).get("/titles/7").await.success();
    let dropped: i64 = redis.cli(&["EXPIRETIME", "anilibria:title:7"]).parse().unwrap();

    assert_eq!(body["meta"]["cache_level"], "redis");
    let fresh = OffsetDateTime::parse(body["meta"]["cache_expires"].as_str().unwrap(), &Rfc3339).unwrap();
    let stale = dropped - fresh.unix_timestamp() - 3600;
    assert!((stale - 7000).abs() <= TOLERANCE, "{stale}");
}

#[tokio::test]
async fn invalid_entries_are_ignored_and_overwritten() {
    let Some(redis) = RedisServer::start() else { return };
    redis.cli(&["SET", "anilibria:title:1", "{\"id\": 666}"]);
    redis.cli(&["SET", "anilibria:title:2", ""]);
    redis.cli(&["HSET", "anilibria:title:3", "id", "666"]);
    redis.cli(&["LPUSH", "anilibria:title:4", "666"]);
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);

    for id in 1..=4 {
        let response = service.get(&format!("/titles/{id}")).await.success();
        assert_eq!((&response["data"]["id"], &response["meta"]["cached"]), (&id.into(), &false.into()));
    }

    let second = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);
    for id in 1..=4 {
        let path = format!("/titles/{id}");
        eventually(&path, async || {
            let response = second.get(&path).await;
            let body = response.success();
            assert_eq!(body["data"]["id"], id);
            body["meta"]["cached"].as_bool().unwrap().then_some(())
        })
        .await;
        let value = redis.cli(&["EXPIRETIME", &format!("anilibria:title:{id}")]);
        assert!(value.parse::<i64>().unwrap() > 0, "title {id} is not an entry: {value}");
    }
}

#[tokio::test]
async fn entry_of_another_schema_is_ignored_and_overwritten() {
    let Some(redis) = RedisServer::start() else { return };
    let store = Redis::builder(redis.url()).prefix("anilibria:").build().unwrap().store();
    let now = SystemTime::now();
    let entry = Entry::new("old", Lifetime::new(now, Duration::from_hours(1)), []);
    store.set("title:7", entry, now).await.unwrap();
    let service = Service::sandbox(&[], &[("REDIS_URL", &redis.url())]);

    let response = service.get("/titles/7").await.success();

    assert_eq!((&response["data"]["id"], &response["meta"]["cached"]), (&7.into(), &false.into()));
    eventually("the new entry", async || {
        let entry = store.get("title:7", now).await.unwrap()?;
        (entry.value() != "old").then_some(())
    })
    .await;
}
