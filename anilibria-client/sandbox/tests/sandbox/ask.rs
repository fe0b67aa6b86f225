//! Requests to a sandbox.

use anilibria_sandbox::Sandbox;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};

/// A complete response.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends `request` and reads the whole response.
pub(crate) async fn send(sandbox: &Sandbox, request: Request<Bytes>) -> Response {
    let (parts, body) = sandbox.handle(request).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response { status: parts.status, headers: parts.headers, body }
}

/// Sends a request with a JSON body. Null means no body.
pub(crate) async fn call(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Response {
    let request = Request::builder().method(method).uri(path);
    send(
        sandbox,
        request
            .header("host", "stand-in.test")
            .header("accept", "application/json")
            .body(bytes(body))
            .unwrap(),
    )
    .await
}

/// Encodes a JSON body. Null means no body.
fn bytes(body: &Value) -> Bytes {
    if body.is_null() { Bytes::new() } else { body.to_string().into() }
}

/// A session with the account of a sandbox.
pub(crate) struct Session<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) token: String,
}

impl<'a> Session<'a> {
    /// Signs in with login and password.
    pub(crate) async fn log_in(sandbox: &'a Sandbox) -> Self {
        let pair = json!({"login": "demo", "password": "demo"});
        let response = call(sandbox, "POST", "/api/v1/accounts/users/auth/login", &pair).await;
        assert_eq!(response.status, StatusCode::OK);
        Self { sandbox, token: response.json()["token"].as_str().unwrap().to_owned() }
    }

    /// Sends a request for `path`, which is relative to the API root.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("host", "stand-in.test")
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {}", self.token));
        send(self.sandbox, request.body(bytes(body)).unwrap()).await
    }

    /// Returns the JSON of a response with status 200.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.call("GET", path, &Value::Null).await;
        assert_eq!(response.status, StatusCode::OK, "{path}: {:?}", response.body);
        response.json()
    }

    /// Returns the status of the response to `GET`.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.call("GET", path, &Value::Null).await.status.as_u16()
    }
}

/// Sends a GET request for `path`, which is relative to the API root.
pub(crate) async fn ask(sandbox: &Sandbox, path: &str) -> Response {
    call(sandbox, "GET", &format!("/api/v1{path}"), &Value::Null).await
}

/// Returns the JSON of a response with status 200.
pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> Value {
    let response = ask(sandbox, path).await;
    assert_eq!(response.status, StatusCode::OK, "{path}: {:?}", response.body);
    response.json()
}

/// Returns all items of a paged list.
pub(crate) async fn all(sandbox: &Sandbox, path: &str) -> Vec<Value> {
    let mut items = Vec::new();
    for page in 1.. {
        let response = get(sandbox, &format!("{path}&page={page}")).await;
        items.extend(list(&response["data"]).iter().cloned());
        if response["meta"]["pagination"]["links"]["next"].is_null() {
            break;
        }
    }
    items
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// Returns the value at `pointer` of each item.
pub(crate) fn column<'a>(items: &'a [Value], pointer: &str) -> Vec<&'a Value> {
    items.iter().map(|item| item.pointer(pointer).unwrap()).collect()
}

/// Returns the ids of a list.
pub(crate) fn ids(items: &Value) -> Vec<u64> {
    list(items).iter().map(|item| item["id"].as_u64().unwrap()).collect()
}

/// Returns the names of the fields of an object in alphabetical order.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
