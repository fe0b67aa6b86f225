//! A connection of one client.

use std::{collections::BTreeSet, sync::Arc};

use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::{
    net::TcpStream,
    sync::broadcast::{self, error::RecvError},
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite};
use tungstenite::Message;

use super::{Hub, Published, Signal};

/// A client and its subscriptions.
pub(super) struct Client {
    hub: Arc<Hub>,
    kinds: BTreeSet<String>,
    releases: BTreeSet<u32>,
}

#[derive(Deserialize)]
struct Request {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Map<String, Value>,
}

impl Client {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self { hub, kinds: BTreeSet::new(), releases: BTreeSet::new() }
    }

    /// Serves the client until either side closes the connection.
    pub(super) async fn serve(mut self, stream: TcpStream, mut signals: broadcast::Receiver<Signal>) {
        let Ok(mut socket) = accept_async(stream).await else { return };
        loop {
            let responses = tokio::select! {
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => self.respond(&text),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => Vec::new(),
                },
                signal = signals.recv() => match signal {
                    Ok(Signal::Event(published)) if self.wants(&published) => vec![published.text.clone()],
                    Ok(Signal::Event(_)) => Vec::new(),
                    Ok(Signal::HangUp) | Err(RecvError::Closed) => return,
                    Err(RecvError::Lagged(missed)) => vec![message("lagged", json!({"missed": missed}))],
                },
            };
            if send(&mut socket, responses).await.is_err() {
                return;
            }
        }
    }

    fn wants(&self, published: &Published) -> bool {
        self.releases.contains(&published.release) || self.kinds.contains(published.kind)
    }

    fn respond(&mut self, text: &str) -> Vec<String> {
        let Ok(Request { kind, data }) = serde_json::from_str(text) else {
            return vec![message("error", json!({"code": "INVALID_MESSAGE", "message": "not a message"}))];
        };
        let release = data.get("title_id").and_then(|id| u32::deserialize(id).ok());
        match (kind.as_str(), release) {
            ("auth", _) => vec![message("auth_success", json!({"user_id": 1}))],
            ("subscribe_title", Some(release)) => {
                self.releases.insert(release);
                vec![message("subscribed", json!({"title_id": release}))]
            }
            ("unsubscribe_title", Some(release)) => {
                self.releases.remove(&release);
                vec![message("unsubscribed", json!({"title_id": release}))]
            }
            ("subscribe_updates", _) => {
                let kinds = data.get("types").and_then(Value::as_array).into_iter().flatten();
                self.kinds = kinds.filter_map(Value::as_str).map(str::to_owned).collect();
                vec![message("subscribed", json!({"types": self.kinds}))]
            }
            ("resume", _) => {
                let last = data.get("last_event_id").and_then(Value::as_str).unwrap_or_default();
                let (missed, complete) = self.hub.after(last);
                let missed = missed.iter().filter(|published| self.wants(published));
                let mut responses: Vec<_> = missed.map(|published| published.text.clone()).collect();
                let replayed = responses.len();
                responses.push(message("resumed", json!({"replayed": replayed, "complete": complete})));
                responses
            }
            _ => vec![message("error", json!({"code": "UNKNOWN_TYPE", "message": "not a type of message"}))],
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "every caller makes the value for this call")]
fn message(kind: &str, data: Value) -> String {
    json!({"type": kind, "data": data}).to_string()
}

async fn send(socket: &mut WebSocketStream<TcpStream>, texts: Vec<String>) -> Result<(), tungstenite::Error> {
    for text in texts {
        socket.feed(Message::text(text)).await?;
    }
    socket.flush().await
}
