//! Clients that hear of new episodes and keep at it: whoever is cut off goes to another instance and resumes.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::sleep};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use crate::support::eventually;

/// How long a client waits before it tries another instance.
const PAUSE: Duration = Duration::from_millis(50);

/// Where instances listen at present.
pub(crate) type Origins = Arc<Mutex<Vec<String>>>;

/// A release and the number of one of its episodes.
pub(crate) type Episode = (u64, f64);

/// An event as a client got it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) episode: Episode,
    pub(crate) at: SystemTime,
}

/// What a client knows.
#[derive(Debug, Default)]
struct Notes {
    heard: Vec<Heard>,
    connections: usize,
    /// What should not have been said to it.
    complaints: Vec<String>,
}

/// A client. It ends when it is dropped.
pub(crate) struct Fan {
    titles: Vec<u32>,
    notes: Arc<Mutex<Notes>>,
    task: JoinHandle<()>,
}

impl Fan {
    /// A client that prefers the instance at `place` in `origins`. It wants all new episodes, or only those of `titles`.
    pub(crate) fn start(origins: &Origins, place: usize, titles: &[u32]) -> Self {
        let (notes, origins, titles) = (Arc::default(), Arc::clone(origins), titles.to_vec());
        let (kept, wishes) = (Arc::clone(&notes), titles.clone());
        let task = tokio::spawn(async move {
            for attempt in 0.. {
                let origin = {
                    let origins = origins.lock().unwrap();
                    let at = (place + attempt) % origins.len().max(1);
                    origins.get(at).cloned()
                };
                if let Some(origin) = origin {
                    listen(&origin, &wishes, &kept).await;
                }
                sleep(PAUSE).await;
            }
        });
        Self { titles, notes, task }
    }

    /// Whether it wants the episodes of a title.
    pub(crate) fn wants(&self, title: u64) -> bool {
        self.titles.is_empty() || self.titles.iter().any(|wanted| u64::from(*wanted) == title)
    }

    /// Waits until it is connected for the `count`th time.
    pub(crate) async fn connected(&self, count: usize) {
        eventually("a connection", async || (self.notes.lock().unwrap().connections >= count).then_some(()))
            .await;
    }

    /// Waits until it has heard of `episode`.
    pub(crate) async fn heard_of(&self, episode: Episode) {
        eventually(&format!("episode {episode:?}"), async || {
            let notes = self.notes.lock().unwrap();
            notes.heard.iter().any(|heard| heard.episode == episode).then_some(())
        })
        .await;
    }

    /// What it has heard.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.notes.lock().unwrap().heard.clone()
    }

    /// What was said to it that should not have been.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.notes.lock().unwrap().complaints.clone()
    }
}

impl Drop for Fan {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Hears what there is to hear at `origin` until the connection is lost.
async fn listen(origin: &str, titles: &[u32], notes: &Mutex<Notes>) {
    let url = format!("{}/ws", origin.replacen("http", "ws", 1));
    let Ok((mut socket, _)) = connect_async(url).await else { return };
    let last = notes.lock().unwrap().heard.last().map(|heard| heard.id.clone());
    let mut wishes: Vec<_> = titles.iter().map(|id| ("subscribe_title", json!({"title_id": id}))).collect();
    if titles.is_empty() {
        wishes.push(("subscribe_updates", json!({"types": ["new_episode"]})));
    }
    wishes.extend(last.map(|last| ("resume", json!({"last_event_id": last}))));
    let answers = wishes.len();
    for (kind, data) in wishes {
        let frame = json!({"type": kind, "data": data}).to_string();
        // All at once: nothing can come between a wish and what was missed.
        if socket.feed(Message::text(frame)).await.is_err() {
            return;
        }
    }
    let mut answered = 0;
    let _ = socket.flush().await;
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        let mut notes = notes.lock().unwrap();
        match frame["type"].as_str().unwrap() {
            "new_episode" => notes.heard.push(heard(&frame["data"])),
            "subscribed" => answered += 1,
            "resumed" => {
                answered += 1;
                if frame["data"]["complete"] != true {
                    notes.complaints.push(text.to_string());
                }
            }
            _ => notes.complaints.push(text.to_string()),
        }
        if answered == answers {
            (answered, notes.connections) = (usize::MAX, notes.connections + 1);
        }
    }
}

fn heard(data: &Value) -> Heard {
    let episode = (data["title_id"].as_u64().unwrap(), data["episode"].as_f64().unwrap());
    Heard { id: data["event_id"].as_str().unwrap().to_owned(), episode, at: SystemTime::now() }
}
