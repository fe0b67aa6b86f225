//! Sessions and caching of AniLibria's old API v3.

use reqwest::Method;
use serde_json::json;
use test_services::RedisServer;

use crate::support::Service;

async fn log_in(service: &Service) -> String {
    let request = reqwest::Client::new().post(format!("{}/public/login.php", service.origin));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let response = request.body("mail=demo&passwd=demo").send().await.unwrap();
    let body: serde_json::Value = response.json().await.unwrap();
    body["sessionId"].as_str().unwrap().to_owned()
}

async fn favorites(service: &Service, session: &str) -> serde_json::Value {
    let path = format!("/v3.0/user/favourites?session={session}&filter=id");
    service.send(Method::GET, &path, None).await.json()["list"].clone()
}

#[tokio::test]
async fn session_in_redis_is_valid_on_other_instances() {
    let Some(redis) = RedisServer::start() else { return };
    let url = redis.url();
    let upstream = Service::upstream();
    let one = Service::reading_from(&upstream, &[("REDIS_URL", &url)]);

    let session = log_in(&one).await;
    let add = format!("/v3/user/favorites?session={session}&title_id=7");
    let added = one.send(Method::PUT, &add, None).await.json();
    let printed = one.kill();
    let other = Service::reading_from(&upstream, &[("REDIS_URL", &url)]);

    assert_eq!(added, json!({"success": true}));
    assert_eq!(favorites(&other, &session).await, json!([{"id": 7}]));
    let out = format!("/public/logout.php?session={session}");
    assert_eq!(other.send(Method::POST, &out, None).await.json()["key"], "success");
    let ended = other.send(Method::GET, &format!("/v3/user?session={session}"), None).await;
    assert_eq!(ended.status, 401, "{}", ended.text);
    for log in [printed, other.printed()] {
        assert!(!log.contains(&session), "{log}");
    }
}

#[tokio::test]
async fn session_in_memory_ends_with_the_process() {
    let upstream = Service::upstream();
    let one = Service::reading_from(&upstream, &[]);

    let session = log_in(&one).await;
    let known = favorites(&one, &session).await;
    drop(one);
    let other = Service::reading_from(&upstream, &[]);

    assert_eq!(known, json!([]));
    assert_eq!(other.send(Method::GET, &format!("/v3/user?session={session}"), None).await.status, 401);
}

#[tokio::test]
async fn responses_have_entity_tags_and_are_compressed() {
    let service = Service::sandbox(&["--releases", "10"], &[]);
    let path = "/v3/title?id=7";

    let plain = service.send(Method::GET, path, None).await;
    let tag = plain.header("etag").to_owned();
    let again = service.get_with_headers(&[("if-none-match", &tag)], path).await;
    let http = reqwest::Client::builder().no_brotli().no_gzip().no_zstd().build().unwrap();
    let packed =
        http.get(format!("{}{path}", service.origin)).header("accept-encoding", "br").send().await.unwrap();

    assert_eq!(again.status, 304);
    assert_eq!(packed.headers()["content-encoding"], "br");
    assert!(packed.bytes().await.unwrap().len() * 2 < plain.text.len());
    assert_eq!(plain.json()["id"], 7);
}
