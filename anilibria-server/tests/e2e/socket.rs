//! A WebSocket client that validates messages against the AsyncAPI document.

use std::{collections::HashMap, sync::LazyLock, time::Duration};

use anilibria_server::events::asyncapi;
use futures::{SinkExt as _, StreamExt as _};
use jsonschema::Validator;
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, protocol::frame::coding::CloseCode},
};

use crate::support::{Service, eventually};

/// Timeout of a message.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Schema of each type of message in the AsyncAPI document.
static SCHEMAS: LazyLock<HashMap<String, Validator>> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(&asyncapi::json()).unwrap();
    let components = &document["components"];
    let messages = components["messages"].as_object().unwrap();
    let validator = |(name, _): (&String, &Value)| {
        let schema =
            json!({"$ref": format!("#/components/messages/{name}/payload"), "components": components});
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        (name.clone(), validator)
    };
    messages.iter().map(validator).collect()
});

/// An open WebSocket.
pub(crate) struct Socket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a WebSocket at the path of API v2.
    pub(crate) async fn open(service: &Service) -> Self {
        Self::open_at(service, "/api/anilibria/v2/ws").await
    }

    /// Opens a WebSocket at `path`.
    pub(crate) async fn open_at(service: &Service, path: &str) -> Self {
        Self::open_url(&format!("{}{path}", service.origin)).await
    }

    /// Opens a WebSocket at `url`, whose scheme is `http`.
    pub(crate) async fn open_url(url: &str) -> Self {
        Self(connect_async(url.replacen("http", "ws", 1)).await.unwrap().0)
    }

    /// Sends `{type, data}`.
    pub(crate) async fn send_json(&mut self, kind: &str, data: Value) {
        self.send(Message::text(json!({"type": kind, "data": data}).to_string())).await;
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Sends `{type, data}` and returns the next message.
    pub(crate) async fn request(&mut self, kind: &str, data: Value) -> Value {
        self.send_json(kind, data).await;
        self.receive().await
    }

    /// Returns the next `{type, data}`. Panics if the message does not match its schema.
    pub(crate) async fn receive(&mut self) -> Value {
        // Pings and pongs do not extend the timeout.
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match timeout_at(deadline, self.0.next()).await.unwrap().unwrap().unwrap() {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    let validator = &SCHEMAS[frame["type"].as_str().unwrap()];
                    assert!(validator.is_valid(&frame), "the message does not match its schema: {frame}");
                    return frame;
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a text message: {other:?}"),
            }
        }
    }

    /// Returns the next message of this type and skips others.
    pub(crate) async fn wait_for(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.receive().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Skips messages until the connection ends. Returns the close code, or `None` if there is no close frame.
    pub(crate) async fn close_code(&mut self) -> Option<CloseCode> {
        loop {
            match timeout(TIMEOUT, self.0.next()).await.unwrap() {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// Waits until `service` watches AniLibria, so that it publishes every later change.
pub(crate) async fn wait_for_watcher(service: &Service) {
    eventually("the watcher", async || service.printed().contains("polling AniLibria from").then_some(()))
        .await;
}

/// Publishes the next episode of a release of the sandbox, and returns the episode.
pub(crate) async fn publish_episode(sandbox: &Service, release_id: u32) -> Value {
    let body = json!({"release_id": release_id});
    let episode = sandbox.send(reqwest::Method::POST, "/sandbox/episodes", Some(body)).await;
    assert_eq!(episode.status, 201, "{}", episode.text);
    episode.json()
}
