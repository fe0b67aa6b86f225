//! `/internal` and its authorization.

use anilibria_server::app::{self, root_endpoint::RootEndpoint};
use poem::{
    http::{Method, StatusCode},
    test::{TestClient, TestResponse},
};
use serde_json::{Value, json};

use crate::{
    support::{build, config, json as body_of, service},
    token::{SECRET, bearer, service_token},
};

/// Returns the flag that enables `/internal`.
fn flag() -> String {
    format!("--internal-jwt-secret={SECRET}")
}

fn internal() -> TestClient<RootEndpoint> {
    service(&[&flag()])
}

async fn send(
    service: &TestClient<RootEndpoint>,
    method: Method,
    path: &str,
    token: &str,
    body: &Value,
) -> TestResponse {
    service.request(method, path).header("authorization", token).body_json(body).send().await
}

/// Asserts that `response` is the error envelope with `status`, and returns its code and message.
async fn error(response: TestResponse, status: u16) -> (String, String) {
    assert_eq!(response.0.status().as_u16(), status);
    let body = body_of(response).await;
    assert_eq!(body["success"], false, "{body}");
    let text = |name: &str| body["error"][name].as_str().unwrap().to_owned();
    (text("code"), text("message"))
}

#[tokio::test]
async fn routes_do_not_exist_without_a_secret() {
    let service = service(&[]);

    for path in ["/internal/stats", "/internal/cache/stats", "/internal/cache/clear", "/internal/sync/title"]
    {
        let response = service.get(path).header("authorization", service_token("nodejs", &["read"])).send();

        assert_eq!(error(response.await, 404).await.0, "NOT_FOUND", "{path}");
    }
}

#[tokio::test]
async fn routes_do_not_exist_under_the_public_prefix() {
    let service = internal();

    let path = "/api/anilibria/v2/internal/stats";
    let response = service.get(path).header("authorization", service_token("nodejs", &["read"])).send().await;

    assert_eq!(error(response, 404).await.0, "NOT_FOUND");
}

#[tokio::test]
async fn refused_caller_gets_the_reason() {
    let service = internal();
    let expired = bearer(&json!({"service": "nodejs", "permissions": ["read"], "exp": 1}));

    for (token, status, code, message) in [
        ("Basic x".to_owned(), 401, "UNAUTHORIZED", "Missing internal service token"),
        ("Bearer x.y.z".to_owned(), 401, "INVALID_TOKEN", "Invalid internal service token"),
        (expired, 401, "TOKEN_EXPIRED", "Invalid internal service token"),
        (service_token("stranger", &["read"]), 403, "FORBIDDEN", "Service not authorized"),
        (service_token("nodejs", &["write"]), 403, "FORBIDDEN", "Permission not granted"),
    ] {
        let response = service.get("/internal/stats").header("authorization", token).send().await;

        let challenge = response.0.header("www-authenticate").map(str::to_owned);
        assert_eq!(challenge.as_deref(), (status == 401).then_some("Bearer"));
        assert_eq!(error(response, status).await, (code.to_owned(), message.to_owned()));
    }
    let without = service.get("/internal/stats").send().await;
    assert_eq!(error(without, 401).await.1, "Missing internal service token");
}

#[tokio::test]
async fn authorization_is_checked_before_the_body() {
    let service = internal();
    let reader = service_token("nodejs", &["read"]);

    for path in ["/internal/cache/clear", "/internal/sync/title"] {
        let unpermitted = send(&service, Method::POST, path, &reader, &json!({"nonsense": 1})).await;
        let anonymous = service.post(path).content_type("text/plain").body("nonsense").send().await;

        assert_eq!(error(unpermitted, 403).await.1, "Permission not granted", "{path}");
        assert_eq!(error(anonymous, 401).await.1, "Missing internal service token", "{path}");
    }
}

#[tokio::test]
async fn allowed_services_are_configurable() {
    let service = service(&[&flag(), "--allowed-services=other"]);

    let other = service_token("other", &["read"]);
    let response = service.get("/internal/stats").header("authorization", other).send().await;
    response.assert_status_is_ok();

    let node = service_token("nodejs", &["read"]);
    let response = service.get("/internal/stats").header("authorization", node).send().await;
    assert_eq!(error(response, 403).await.1, "Service not authorized");
}

#[tokio::test]
async fn statistics_include_cache_mirrors_and_requests() {
    let service = internal();
    let reader = service_token("nodejs", &["read"]);

    service.get("/live").send().await;
    let response = service.get("/internal/stats").header("authorization", &reader).send().await;

    let body = body_of(response).await;
    assert_eq!(body["success"], true);
    assert_eq!(body["data"]["requests"], 2);
    assert!(body["data"]["uptime_seconds"].is_u64());
    assert_eq!(body["data"]["mirrors"][0]["breaker"], "closed");
    let memory = &body["data"]["cache"]["levels"]["memory"];
    assert_eq!((&memory["hits"], &memory["ttl_seconds"]), (&json!(0), &json!(300)));
    assert!(body["data"]["cache"]["levels"]["redis"].is_null());
    let levels = service.get("/internal/cache/stats").header("authorization", &reader).send().await;
    assert_eq!(body_of(levels).await["data"], body["data"]["cache"]);
}

#[tokio::test]
async fn clear_removes_only_own_cache_keys() {
    let config = config(&[&flag()]);
    let state = build(&config, None);
    let service = TestClient::new(app::app(&config, &state));
    let writer = service_token("nodejs", &["write"]);
    let cache = state.titles.cache();
    for key in ["title:1", "titles:page:1", "titles:page:2", "schedule", "v1:title:1"] {
        cache.set(key, "x").await;
    }

    let lists = json!({"pattern": "anilibria:titles:*", "confirm": true});
    let lists = send(&service, Method::DELETE, "/internal/cache/clear", &writer, &lists).await;
    let all = json!({"pattern": "*", "confirm": true});
    let all = send(&service, Method::POST, "/internal/cache/clear", &writer, &all).await;

    let expected = json!({"success": true, "data": {"pattern": "anilibria:titles:*", "removed": 2}});
    assert_eq!(body_of(lists).await, expected);
    assert_eq!(body_of(all).await["data"]["removed"], 2);
    assert!(cache.peek("schedule").await.is_none());
    assert!(cache.peek("v1:title:1").await.is_some());
}

/// Invalid bodies: path, body, name of the field in the error, and a part of the reason.
const INVALID: &[(&str, &str, &str, &str)] = &[
    ("/internal/cache/clear", r#"{"pattern":"titles:*"}"#, "confirm", "is required"),
    ("/internal/cache/clear", r#"{"pattern":"titles:*","confirm":false}"#, "confirm", "must be true"),
    ("/internal/cache/clear", r#"{"pattern":"titles:*","confirm":"true"}"#, "confirm", "must be true"),
    ("/internal/cache/clear", r#"{"pattern":"","confirm":true}"#, "pattern", "1 to 200 characters"),
    ("/internal/cache/clear", r#"{"pattern":false,"confirm":true}"#, "pattern", "must be a string"),
    ("/internal/cache/clear", r#"{"pattern":["*"],"confirm":true}"#, "pattern", "must be a string"),
    ("/internal/cache/clear", r#"{"confirm":true}"#, "pattern", "is required"),
    ("/internal/cache/clear", r#"{"pattern":"a","pattern":"*","confirm":true}"#, "pattern", "more than once"),
    ("/internal/sync/title", "{}", "title_id", "is required"),
    ("/internal/sync/title", r#"{"title_id":0}"#, "title_id", "whole number from 1 to 4294967295"),
    ("/internal/sync/title", r#"{"title_id":4294967296}"#, "title_id", "whole number from 1 to 4294967295"),
    ("/internal/sync/title", r#"{"title_id":1.5}"#, "title_id", "whole number"),
    ("/internal/sync/title", r#"{"title_id":"x"}"#, "title_id", "whole number"),
    ("/internal/sync/title", r#"{"title_id":1,"force":"maybe"}"#, "force", "must be true or false"),
    ("/internal/sync/title", r#"{"title_id":1,"priority":"urgent"}"#, "priority", "one of low, normal, high"),
    ("/internal/sync/title", r#"{"title_id":1,"forced":true}"#, "forced", "`title_id`, `force`, `priority`"),
    ("/internal/sync/title", "[]", "body", "must be an object"),
    ("/internal/sync/title", "", "body", "is required"),
    ("/internal/sync/title", "{\"title_id\": 1,\n}", "body", "line 2 column 1"),
    ("/api/anilibria/sync/popular", r#"{"limit":101}"#, "limit", "from 1 to 100"),
    ("/api/anilibria/sync/popular", r#"{"limits":1}"#, "limits", "`limit`"),
];

#[tokio::test]
async fn invalid_body_names_the_field_and_the_reason() {
    let service = service(&[&flag(), "--legacy-v1-enabled=true"]);
    let writer = service_token("nodejs", &["write"]);

    for (path, body, field, reason) in INVALID {
        let request = service.post(*path).header("authorization", &writer).content_type("application/json");
        let response = request.body(*body).send().await;

        response.assert_status(StatusCode::BAD_REQUEST);
        let error = body_of(response).await["error"].clone();
        assert_eq!(
            (&error["code"], &error["details"]["field"]),
            (&json!("INVALID_PARAMETERS"), &json!(field)),
            "{body}"
        );
        let found = error["details"]["reason"].as_str().unwrap();
        assert!(found.contains(reason), "{body}: {found}");
        assert!(!found.contains('"') && !found.contains("Request"), "{body}: {found}");
    }
}

#[tokio::test]
async fn body_of_another_media_type_is_refused() {
    let service = internal();
    let writer = service_token("nodejs", &["write"]);
    let post = || service.post("/internal/cache/clear").header("authorization", &writer);
    let body = r#"{"pattern":"genres","confirm":true}"#;

    for media_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let response = post().content_type(media_type).body(body).send().await;

        response.assert_status(StatusCode::BAD_REQUEST);
        assert_eq!(body_of(response).await["error"]["details"]["field"], "Content-Type");
    }
    post().body(body).send().await.assert_status_is_ok();
}

#[tokio::test]
async fn read_ignores_an_invalid_user_token() {
    let service = service(&[&format!("--jwt-secret={SECRET}")]);

    for token in ["Bearer x", "Bearer a.b.c", &bearer(&json!({"id": 7, "exp": 1})), "nonsense"] {
        let response = service.get("/live").header("authorization", token).send().await;

        response.assert_status_is_ok();
    }
}
