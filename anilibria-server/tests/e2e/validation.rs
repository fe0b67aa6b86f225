//! The Node service has the last word about users, where it is asked and has one.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::{
    node::stand_in::{NodeStandIn, Reply},
    socket::Socket,
    support::Service,
    token::{SECRET, bearer},
};

const TOKENS: &str = "/internal/auth/validate";
const USERS: &str = "/internal/users/validate/7";

/// What a user with a good token is answered by a service that asks `node`.
async fn answer(node: &NodeStandIn, is_asked: &str) -> Value {
    let variables = [
        ("NODEJS_SERVICE_URL", &*node.origin),
        ("JWT_SECRET", SECRET),
        ("INTERNAL_JWT_SECRET", SECRET),
        ("AUTH_REMOTE_VALIDATION", is_asked),
    ];
    let service = Service::sandbox(&[], &variables);
    Socket::open(&service).await.ask("auth", json!({"token": token()})).await
}

fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    bearer(&json!({"id": 7, "exp": now + 3600})).trim_start_matches("Bearer ").to_owned()
}

fn asked(node: &NodeStandIn) -> Vec<String> {
    let paths = node.calls().into_iter().map(|call| call.path);
    paths.filter(|path| path.starts_with("/internal/")).collect()
}

fn success() -> Value {
    json!({"type": "auth_success", "data": {"user_id": 7}})
}

#[tokio::test]
async fn user_whom_it_does_not_let_in_stays_outside() {
    let node = NodeStandIn::start(Reply::json(&json!({"valid": false}))).await;

    let refused = answer(&node, "true").await;

    assert_eq!((&refused["type"], &refused["data"]["code"]), (&json!("error"), &json!("AUTH_FAILED")));
    let call = node.calls().into_iter().find(|call| call.path == TOKENS).unwrap();
    assert_eq!(call.body["token"].as_str().unwrap().split('.').count(), 3);
    assert!(call.header("authorization").starts_with("Bearer "));
    assert_eq!(answer(&node, "false").await, success(), "nobody is asked unless that is set");
}

#[tokio::test]
async fn one_that_knows_no_tokens_is_asked_about_the_user() {
    let node =
        NodeStandIn::start(Reply { only_at: Some(USERS), ..Reply::json(&json!({"valid": false})) }).await;

    let refused = answer(&node, "true").await;

    assert_eq!(refused["data"]["code"], "AUTH_FAILED");
    assert_eq!(asked(&node), [TOKENS, USERS]);
}

#[tokio::test]
async fn nobody_stays_outside_because_it_has_no_answer() {
    for reply in [
        Reply::status(404),
        Reply::status(503),
        Reply::text("{}"),
        Reply { hangs: true, ..Reply::text("{}") },
    ] {
        let node = NodeStandIn::start(reply).await;

        assert_eq!(answer(&node, "true").await, success());
        assert!(!asked(&node).is_empty());
    }
}
