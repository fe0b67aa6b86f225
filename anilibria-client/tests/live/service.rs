//! What a live service says and hears.

use anilibria_client::live::{Live, LiveBuilder};
use futures::{FutureExt, StreamExt};
use serde_json::{Value, json};

use crate::scripted::soon;
pub(crate) use crate::scripted::{Peer, Service, next};

impl Service {
    /// A stream that hardly waits.
    pub(crate) fn live(&self) -> LiveBuilder {
        Live::builder(self.url()).retry(soon())
    }
}

impl Peer {
    /// The next messages in short.
    pub(crate) async fn hear_all(&mut self, count: usize) -> Vec<String> {
        let mut messages = Vec::new();
        for _ in 0..count {
            messages.push(said(&self.hear().await.unwrap()));
        }
        messages
    }

    pub(crate) async fn say(&mut self, kind: &str, data: Value) {
        self.send(json!({"type": kind, "data": data}).to_string()).await;
    }

    /// Tells of an episode.
    pub(crate) async fn episode(&mut self, id: u32) {
        let data = json!({"event_id": format!("{id:05}"), "title_id": 7, "episode": id, "title": "Имя"});
        self.say("new_episode", data).await;
    }
}

/// Starts the stream, which does nothing until it is polled.
pub(crate) fn begin(live: &mut Live) {
    assert!(live.next().now_or_never().is_none());
}

/// The ids of the next events; errors fail the test.
pub(crate) async fn ids(live: &mut Live, count: usize) -> Vec<u32> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(next(live).await.unwrap().id().unwrap().as_str().parse().unwrap());
    }
    ids
}

/// A message of the client in short.
fn said(message: &Value) -> String {
    let data = message["data"].as_object().unwrap();
    let values = data.values().map(|value| value.to_string().replace('"', ""));
    format!("{} {}", message["type"].as_str().unwrap(), values.collect::<Vec<_>>().join(" "))
}
