//! `/internal`, and who may ask there.

use anilibria_server::app::{self, shell::Shell};
use poem::{
    http::{Method, StatusCode},
    test::{TestClient, TestResponse},
};
use serde_json::{Value, json};

use crate::{
    support::{build, config, json as body_of, service},
    token::{SECRET, bearer, service_token},
};

/// The flag that opens `/internal`.
fn flag() -> String {
    format!("--internal-jwt-secret={SECRET}")
}

fn internal() -> TestClient<Shell> {
    service(&[&flag()])
}

async fn ask(
    service: &TestClient<Shell>,
    method: Method,
    path: &str,
    token: &str,
    body: &Value,
) -> TestResponse {
    service.request(method, path).header("authorization", token).body_json(body).send().await
}

/// Checks that `response` is the error envelope with `status`, and gives its code and message.
async fn refusal(response: TestResponse, status: u16) -> (String, String) {
    assert_eq!(response.0.status().as_u16(), status);
    let body = body_of(response).await;
    assert_eq!(body["success"], false, "{body}");
    let text = |name: &str| body["error"][name].as_str().unwrap().to_owned();
    (text("code"), text("message"))
}

#[tokio::test]
async fn without_a_secret_there_is_nothing() {
    let service = service(&[]);

    for path in ["/internal/stats", "/internal/cache/stats", "/internal/cache/clear", "/internal/sync/title"]
    {
        let response = service.get(path).header("authorization", service_token("nodejs", &["read"])).send();

        assert_eq!(refusal(response.await, 404).await.0, "NOT_FOUND", "{path}");
    }
}

#[tokio::test]
async fn nothing_internal_is_behind_the_public_address() {
    let service = internal();

    let path = "/api/anilibria/v2/internal/stats";
    let response = service.get(path).header("authorization", service_token("nodejs", &["read"])).send().await;

    assert_eq!(refusal(response, 404).await.0, "NOT_FOUND");
}

#[tokio::test]
async fn whoever_may_not_ask_is_told_why() {
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
        assert_eq!(refusal(response, status).await, (code.to_owned(), message.to_owned()));
    }
    let without = service.get("/internal/stats").send().await;
    assert_eq!(refusal(without, 401).await.1, "Missing internal service token");
}

#[tokio::test]
async fn who_asks_is_checked_before_what_is_asked() {
    let service = internal();
    let reader = service_token("nodejs", &["read"]);

    for path in ["/internal/cache/clear", "/internal/sync/title"] {
        let response = ask(&service, Method::POST, path, &reader, &json!({"nonsense": 1})).await;

        assert_eq!(refusal(response, 403).await.1, "Permission not granted", "{path}");
    }
}

#[tokio::test]
async fn services_that_may_ask_can_be_set() {
    let service = service(&[&flag(), "--allowed-services=other"]);

    let other = service_token("other", &["read"]);
    let response = service.get("/internal/stats").header("authorization", other).send().await;
    response.assert_status_is_ok();

    let node = service_token("nodejs", &["read"]);
    let response = service.get("/internal/stats").header("authorization", node).send().await;
    assert_eq!(refusal(response, 403).await.1, "Service not authorized");
}

#[tokio::test]
async fn statistics_tell_of_cache_mirrors_and_requests() {
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
async fn cache_is_cleared_of_our_answers_only() {
    let config = config(&[&flag()]);
    let state = build(&config, None);
    let service = TestClient::new(app::app(&config, &state));
    let writer = service_token("nodejs", &["write"]);
    let cache = state.titles.cache();
    for key in ["title:1", "titles:page:1", "titles:page:2", "schedule", "v1:title:1"] {
        cache.set(key, "x").await;
    }

    let lists = json!({"pattern": "anilibria:titles:*", "confirm": true});
    let lists = ask(&service, Method::DELETE, "/internal/cache/clear", &writer, &lists).await;
    let all = json!({"pattern": "*", "confirm": true});
    let all = ask(&service, Method::POST, "/internal/cache/clear", &writer, &all).await;

    let expected = json!({"success": true, "data": {"pattern": "anilibria:titles:*", "removed": 2}});
    assert_eq!(body_of(lists).await, expected);
    assert_eq!(body_of(all).await["data"]["removed"], 2);
    assert!(cache.peek("schedule").await.is_none());
    assert!(cache.peek("v1:title:1").await.is_some());
}

#[tokio::test]
async fn bad_requests_name_what_is_wrong() {
    let service = internal();
    let writer = service_token("nodejs", &["write"]);

    for (path, body, field) in [
        ("/internal/cache/clear", json!({"pattern": "titles:*"}), "confirm"),
        ("/internal/cache/clear", json!({"pattern": "titles:*", "confirm": false}), "confirm"),
        ("/internal/cache/clear", json!({"pattern": "", "confirm": true}), "body"),
        ("/internal/cache/clear", json!({"pattern": "*".repeat(201), "confirm": true}), "body"),
        ("/internal/cache/clear", json!({"confirm": true}), "body"),
        ("/internal/sync/title", json!({}), "body"),
        ("/internal/sync/title", json!({"title_id": 0}), "body"),
        ("/internal/sync/title", json!({"title_id": "x"}), "body"),
        ("/internal/sync/title", json!({"title_id": 1, "priority": "urgent"}), "body"),
        ("/internal/sync/title", json!([]), "body"),
    ] {
        let response = ask(&service, Method::POST, path, &writer, &body).await;

        response.assert_status(StatusCode::BAD_REQUEST);
        let answer = body_of(response).await;
        assert_eq!(answer["error"]["code"], "INVALID_PARAMETERS", "{body}: {answer}");
        assert_eq!(answer["error"]["details"]["field"], field, "{body}: {answer}");
    }
}

#[tokio::test]
async fn bad_user_token_is_no_reason_to_refuse_a_read() {
    let service = service(&[&format!("--jwt-secret={SECRET}")]);

    for token in ["Bearer x", "Bearer a.b.c", &bearer(&json!({"id": 7, "exp": 1})), "nonsense"] {
        let response = service.get("/live").header("authorization", token).send().await;

        response.assert_status_is_ok();
    }
}
