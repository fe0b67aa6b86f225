//! Titles that do not exist.

use test_services::RedisServer;

use crate::support::{Answer, Service, eventually};

const PATH: &str = "/api/v1/anime/releases/999999";

/// The error, without what tells one request from another.
fn error(answer: &Answer) -> serde_json::Value {
    assert_eq!(answer.error(404), "TITLE_NOT_FOUND");
    answer.json()["error"].clone()
}

#[tokio::test]
async fn missing_title_is_remembered_and_told_the_same_way_each_time() {
    let service = Service::sandbox(&[], &[]);

    let first = error(&service.get("/titles/999999").await);
    for _ in 0..20 {
        assert_eq!(error(&service.get("/titles/999999").await), first);
    }

    assert_eq!(first["details"]["title_id"], 999_999);
    assert_eq!(service.upstream_hits(PATH).await, 1);
}

#[tokio::test]
async fn title_missing_for_one_instance_is_missing_for_the_other() {
    let Some(redis) = RedisServer::start() else { return };
    let upstream = Service::upstream();
    let variables = [("REDIS_URL", &*redis.url())];
    let (one, two) =
        (Service::reading_from(&upstream, &variables), Service::reading_from(&upstream, &variables));

    let first = error(&one.get("/titles/999999").await);
    eventually("the absence in Redis", async || {
        (redis.cli(&["EXISTS", "anilibria:title:999999"]) == "1").then_some(())
    })
    .await;

    assert_eq!(error(&two.get("/titles/999999").await), first);
    assert_eq!(upstream.upstream_hits(PATH).await, 1);
}
