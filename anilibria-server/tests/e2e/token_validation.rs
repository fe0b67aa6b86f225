//! Validation of user tokens by the Node service.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::{
    node::stub::{NodeStub, Reply},
    socket::Socket,
    support::Service,
    token::{SECRET, bearer},
};

const TOKENS: &str = "/internal/auth/validate";
const USERS: &str = "/internal/users/validate/7";

/// Returns the reply to a valid user token from a service that validates tokens with `node` if `is_enabled`.
async fn authenticate(node: &NodeStub, is_enabled: &str) -> Value {
    let variables = [
        ("NODEJS_SERVICE_URL", &*node.origin),
        ("JWT_SECRET", SECRET),
        ("INTERNAL_JWT_SECRET", SECRET),
        ("AUTH_REMOTE_VALIDATION", is_enabled),
    ];
    let service = Service::sandbox(&[], &variables);
    Socket::open(&service).await.request("auth", json!({"token": token()})).await
}

fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    bearer(&json!({"id": 7, "exp": now + 3600})).trim_start_matches("Bearer ").to_owned()
}

fn validation_calls(node: &NodeStub) -> Vec<String> {
    let paths = node.calls().into_iter().map(|call| call.path);
    paths.filter(|path| path.starts_with("/internal/")).collect()
}

fn success() -> Value {
    json!({"type": "auth_success", "data": {"user_id": 7}})
}

#[tokio::test]
async fn user_is_refused_if_the_node_service_rejects_the_token() {
    let node = NodeStub::start(Reply::json(&json!({"valid": false}))).await;

    let refused = authenticate(&node, "true").await;

    assert_eq!((&refused["type"], &refused["data"]["code"]), (&json!("error"), &json!("AUTH_FAILED")));
    let call = node.calls().into_iter().find(|call| call.path == TOKENS).unwrap();
    assert_eq!(call.body["token"].as_str().unwrap().split('.').count(), 3);
    assert!(call.header("authorization").starts_with("Bearer "));
    assert_eq!(authenticate(&node, "false").await, success(), "the validation is disabled");
}

#[tokio::test]
async fn user_is_validated_by_id_if_the_token_route_is_missing() {
    let node = NodeStub::start(Reply { only_at: Some(USERS), ..Reply::json(&json!({"valid": false})) }).await;

    let refused = authenticate(&node, "true").await;

    assert_eq!(refused["data"]["code"], "AUTH_FAILED");
    assert_eq!(validation_calls(&node), [TOKENS, USERS]);
}

#[tokio::test]
async fn user_is_accepted_if_the_node_service_fails() {
    for reply in [
        Reply::status(404),
        Reply::status(503),
        Reply::text("{}"),
        Reply { hangs: true, ..Reply::text("{}") },
    ] {
        let node = NodeStub::start(reply).await;

        assert_eq!(authenticate(&node, "true").await, success());
        assert!(!validation_calls(&node).is_empty());
    }
}
