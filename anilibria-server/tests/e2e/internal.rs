//! `/internal`, and the secrets of the service.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    support::{Response, Service, binary},
    token::{SECRET, service_token},
};

fn service() -> Service {
    Service::sandbox(&["--releases", "20"], &[("INTERNAL_JWT_SECRET", SECRET)])
}

async fn send(service: &Service, method: Method, path: &str, body: Option<Value>) -> Response {
    let token = service_token("nodejs", &["read", "write"]);
    service.send_as(&token, method, path, body).await
}

async fn sync(service: &Service, body: Value) -> Response {
    send(service, Method::POST, "/internal/sync/title", Some(body)).await
}

/// Returns the id of a title.
async fn some_title(service: &Service) -> u64 {
    service.get("/titles?limit=1").await.success()["data"][0]["id"].as_u64().unwrap()
}

#[tokio::test]
async fn sync_reloads_a_title_once_or_by_force() {
    let service = service();
    let id = some_title(&service).await;
    let upstream = format!("/api/v1/anime/releases/{id}");

    let first = sync(&service, json!({"title_id": id, "priority": "high"})).await.json();
    let cached = sync(&service, json!({"title_id": id})).await.json();
    let hits = service.upstream_hits(&upstream).await;
    let forced = sync(&service, json!({"title_id": id, "force": true})).await.json();
    let title = service.get(&format!("/titles/{id}")).await.success();
    let list = service.get("/titles?limit=1").await.success();

    let outcome = |response: &Value| (response["data"]["synced"].clone(), response["data"]["source"].clone());
    assert_eq!(outcome(&first), (json!(true), json!("anilibria")));
    assert_eq!(outcome(&cached), (json!(false), json!("cache")));
    assert_eq!(outcome(&forced), (json!(true), json!("anilibria")));
    assert_eq!(service.upstream_hits(&upstream).await, hits + 1);
    assert_eq!(title["meta"]["cached"], true);
    assert_eq!(list["meta"]["cached"], false, "the sync expires the list");
    let episodes = title["data"]["player"]["episodes"].as_object().unwrap().len();
    for response in [first, cached, forced] {
        assert_eq!(response["data"]["episodes_count"], episodes);
        assert_eq!(response["data"]["title_id"], id);
        assert!(response["data"]["duration_ms"].is_u64());
    }
}

#[tokio::test]
async fn sync_of_an_unknown_title_is_not_found() {
    let service = service();

    assert_eq!(sync(&service, json!({"title_id": 4_000_000_000_u32})).await.error(404), "TITLE_NOT_FOUND");
}

#[tokio::test]
async fn failed_sync_keeps_the_cached_title() {
    let service = service();
    let id = some_title(&service).await;
    service.get(&format!("/titles/{id}")).await.success();
    service.faults(json!({"error_rate": 1.0})).await;

    let failed = sync(&service, json!({"title_id": id, "force": true})).await;

    assert_eq!(failed.error(502), "UPSTREAM_ERROR");
    assert_eq!(service.get(&format!("/titles/{id}")).await.success()["meta"]["cached"], true);
}

#[tokio::test]
async fn cleared_responses_are_reloaded_and_counted() {
    let service = service();
    service.get("/titles?limit=1").await.success();
    service.get("/titles?limit=1").await.success();

    let before = send(&service, Method::GET, "/internal/cache/stats", None).await.json();
    let clear = json!({"pattern": "titles:*", "confirm": true});
    let cleared = send(&service, Method::DELETE, "/internal/cache/clear", Some(clear)).await.json();
    let again = service.get("/titles?limit=1").await.success();
    let stats = send(&service, Method::GET, "/internal/stats", None).await.json();

    assert_eq!(before["data"]["levels"]["memory"]["hits"], 1);
    assert_eq!(cleared["data"], json!({"pattern": "titles:*", "removed": 1}));
    assert_eq!(again["meta"]["cached"], false);
    assert_eq!(stats["data"]["cache"]["misses"], 2);
    assert_eq!(stats["data"]["mirrors"].as_array().unwrap().len(), 1);
}

#[test]
fn weak_secret_is_refused_in_production_without_being_shown() {
    for secret in ["", "hunter2", "your-super-secret-jwt-key-change-in-production"] {
        let output = binary(&["--port", "0", "--environment", "production"])
            .env("JWT_SECRET", secret)
            .output()
            .unwrap();

        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{secret}");
        assert!(text.contains("JWT_SECRET"), "{text}");
        assert!(secret.is_empty() || !text.contains(secret), "{text}");
    }
}

#[test]
fn config_prints_no_secrets() {
    let secret = "https://me:hunter2@looks-like-a-url.example/";
    let output = binary(&["config"]).env("JWT_SECRET", secret).output().unwrap();

    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("JWT_SECRET: \"***\""), "{text}");
    assert!(!text.contains("looks-like"), "{text}");
}
