//! A client of the WebSocket.

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

/// What comes at all comes much sooner, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the document says of each type of message.
static DESCRIBED: LazyLock<HashMap<String, Validator>> = LazyLock::new(|| {
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
    /// Opens the one at the service's usual path.
    pub(crate) async fn open(service: &Service) -> Self {
        Self::open_at(service, "/api/anilibria/v2/ws").await
    }

    /// Opens the one at `path`.
    pub(crate) async fn open_at(service: &Service, path: &str) -> Self {
        Self::open_url(&format!("{}{path}", service.origin)).await
    }

    /// Opens the one at `url`, which begins as one of a page does.
    pub(crate) async fn open_url(url: &str) -> Self {
        Self(connect_async(url.replacen("http", "ws", 1)).await.unwrap().0)
    }

    /// Sends `{type, data}`.
    pub(crate) async fn say(&mut self, kind: &str, data: Value) {
        self.send(Message::text(json!({"type": kind, "data": data}).to_string())).await;
    }

    /// Sends anything.
    pub(crate) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Sends `{type, data}` and returns what comes next.
    pub(crate) async fn ask(&mut self, kind: &str, data: Value) -> Value {
        self.say(kind, data).await;
        self.hear().await
    }

    /// The next `{type, data}`, which has to be as the document describes it.
    pub(crate) async fn hear(&mut self) -> Value {
        // Signs of life do not make the wait longer.
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.0.next()).await.unwrap().unwrap().unwrap() {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    let validator = &DESCRIBED[frame["type"].as_str().unwrap()];
                    assert!(validator.is_valid(&frame), "not as described: {frame}");
                    return frame;
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a text: {other:?}"),
            }
        }
    }

    /// The next one of this type; others are passed over.
    pub(crate) async fn hear_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.hear().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// How the service ends the connection, whatever it says before; `None` when it just breaks off.
    pub(crate) async fn end(&mut self) -> Option<CloseCode> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.unwrap() {
                Some(Ok(Message::Close(words))) => return words.map(|words| words.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

/// Waits until `service` watches AniLibria, so that whatever is published from then on is news.
pub(crate) async fn watching(service: &Service) {
    eventually("the watcher", async || service.printed().contains("polling AniLibria from").then_some(()))
        .await;
}

/// Publishes the next episode of a release of the sandbox; tells its number.
pub(crate) async fn publish_episode(sandbox: &Service, release_id: u32) -> Value {
    let body = json!({"release_id": release_id});
    let episode = sandbox.send(reqwest::Method::POST, "/sandbox/episodes", Some(body)).await;
    assert_eq!(episode.status, 201, "{}", episode.text);
    episode.json()
}
