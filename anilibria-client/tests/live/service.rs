//! A scripted live service: its messages, and those of the client.

use anilibria_client::live::{Live, LiveBuilder};
use futures::{FutureExt, StreamExt};
use serde_json::{Value, json};

use crate::scripted::fast_reconnects;
pub(crate) use crate::scripted::{Peer, Service, next};

impl Service {
    /// Returns settings for a stream with short reconnect delays.
    pub(crate) fn live(&self) -> LiveBuilder {
        Live::builder(self.url()).retry(fast_reconnects())
    }
}

impl Peer {
    /// Returns summaries of the next messages.
    pub(crate) async fn receive_all(&mut self, count: usize) -> Vec<String> {
        let mut messages = Vec::new();
        for _ in 0..count {
            messages.push(summary(&self.receive().await.unwrap()));
        }
        messages
    }

    pub(crate) async fn send_event(&mut self, kind: &str, data: Value) {
        self.send(json!({"type": kind, "data": data}).to_string()).await;
    }

    /// Sends a new episode.
    pub(crate) async fn episode(&mut self, id: u32) {
        let data = json!({"event_id": format!("{id:05}"), "title_id": 7, "episode": id, "title": "Имя"});
        self.send_event("new_episode", data).await;
    }
}

/// Polls the stream once, which starts the connection.
pub(crate) fn begin(live: &mut Live) {
    assert!(live.next().now_or_never().is_none());
}

/// Returns the ids of the next events. An error fails the test.
pub(crate) async fn ids(live: &mut Live, count: usize) -> Vec<u32> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(next(live).await.unwrap().id().unwrap().as_str().parse().unwrap());
    }
    ids
}

/// Returns the type and the values of a message of the client.
fn summary(message: &Value) -> String {
    let data = message["data"].as_object().unwrap();
    let values = data.values().map(|value| value.to_string().replace('"', ""));
    format!("{} {}", message["type"].as_str().unwrap(), values.collect::<Vec<_>>().join(" "))
}
