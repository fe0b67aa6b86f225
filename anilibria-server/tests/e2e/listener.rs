//! A WebSocket client that records new episodes. After a disconnect it connects to the next instance and resumes.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::sleep};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use crate::support::eventually;

/// Delay before the connection to another instance.
const RECONNECT_DELAY: Duration = Duration::from_millis(50);

/// Origins of the running instances.
pub(crate) type Origins = Arc<Mutex<Vec<String>>>;

/// A release and the number of one of its episodes.
pub(crate) type Episode = (u64, f64);

/// A received event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) episode: Episode,
    pub(crate) at: SystemTime,
}

/// Recorded state of a listener.
#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    connections: usize,
    /// Frames that a listener must not receive.
    unexpected: Vec<String>,
}

/// A client that receives new episodes. It disconnects on drop.
pub(crate) struct Listener {
    titles: Vec<u32>,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts a listener that first connects to the instance at `place` in `origins`. It subscribes to `titles`, or to all
    /// new episodes if `titles` is empty.
    pub(crate) fn start(origins: &Origins, place: usize, titles: &[u32]) -> Self {
        let (state, origins, titles) = (Arc::default(), Arc::clone(origins), titles.to_vec());
        let (shared_state, subscribed) = (Arc::clone(&state), titles.clone());
        let task = tokio::spawn(async move {
            for attempt in 0.. {
                let origin = {
                    let origins = origins.lock().unwrap();
                    let at = (place + attempt) % origins.len().max(1);
                    origins.get(at).cloned()
                };
                if let Some(origin) = origin {
                    listen(&origin, &subscribed, &shared_state).await;
                }
                sleep(RECONNECT_DELAY).await;
            }
        });
        Self { titles, state, task }
    }

    /// Returns true if the listener is subscribed to the title.
    pub(crate) fn is_subscribed(&self, title: u64) -> bool {
        self.titles.is_empty() || self.titles.iter().any(|subscribed| u64::from(*subscribed) == title)
    }

    /// Waits until the listener has connected and subscribed `count` times.
    pub(crate) async fn wait_until_connected(&self, count: usize) {
        eventually("a connection", async || (self.state.lock().unwrap().connections >= count).then_some(()))
            .await;
    }

    /// Waits until the listener has received `episode`.
    pub(crate) async fn wait_for(&self, episode: Episode) {
        eventually(&format!("episode {episode:?}"), async || {
            let state = self.state.lock().unwrap();
            state.received.iter().any(|event| event.episode == episode).then_some(())
        })
        .await;
    }

    /// Returns the received events.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// Returns the received frames that a listener must not receive.
    pub(crate) fn unexpected(&self) -> Vec<String> {
        self.state.lock().unwrap().unexpected.clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Connects to `origin`, subscribes, resumes after the last received event, and records events until the connection ends.
async fn listen(origin: &str, titles: &[u32], state: &Mutex<State>) {
    let url = format!("{}/ws", origin.replacen("http", "ws", 1));
    let Ok((mut socket, _)) = connect_async(url).await else { return };
    let last = state.lock().unwrap().received.last().map(|event| event.id.clone());
    let mut requests: Vec<_> = titles.iter().map(|id| ("subscribe_title", json!({"title_id": id}))).collect();
    if titles.is_empty() {
        requests.push(("subscribe_updates", json!({"types": ["new_episode"]})));
    }
    requests.extend(last.map(|last| ("resume", json!({"last_event_id": last}))));
    let expected_answers = requests.len();
    for (kind, data) in requests {
        let frame = json!({"type": kind, "data": data}).to_string();
        // All requests are sent in one write, so that no event can arrive between the subscription and the replay.
        if socket.feed(Message::text(frame)).await.is_err() {
            return;
        }
    }
    let mut answered = 0;
    let _ = socket.flush().await;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        let mut state = state.lock().unwrap();
        match frame["type"].as_str().unwrap() {
            "new_episode" => state.received.push(received(&frame["data"])),
            "subscribed" => answered += 1,
            "resumed" => {
                answered += 1;
                if frame["data"]["complete"] != true {
                    state.unexpected.push(text.to_string());
                }
            }
            _ => state.unexpected.push(text.to_string()),
        }
        if answered == expected_answers {
            (answered, state.connections) = (usize::MAX, state.connections + 1);
        }
    }
}

fn received(data: &Value) -> Received {
    let episode = (data["title_id"].as_u64().unwrap(), data["episode"].as_f64().unwrap());
    Received { id: data["event_id"].as_str().unwrap().to_owned(), episode, at: SystemTime::now() }
}
