//! Cached absence of titles that do not exist.

use test_services::RedisServer;

use crate::support::{Response, Service, eventually};

const PATH: &str = "/api/v1/anime/releases/999999";

/// Returns the error without the fields that differ between requests.
fn error(response: &Response) -> serde_json::Value {
    assert_eq!(response.error(404), "TITLE_NOT_FOUND");
    response.json()["error"].clone()
}

#[tokio::test]
async fn absence_of_a_title_is_cached() {
    let service = Service::sandbox(&[], &[]);

    let first = error(&service.get("/titles/999999").await);
    for _ in 0..20 {
        assert_eq!(error(&service.get("/titles/999999").await), first);
    }

    assert_eq!(first["details"]["title_id"], 999_999);
    assert_eq!(service.upstream_hits(PATH).await, 1);
}

#[tokio::test]
async fn absence_of_a_title_is_shared_between_instances() {
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
