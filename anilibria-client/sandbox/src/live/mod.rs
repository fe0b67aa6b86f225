//! A stand-in for the live events of an AniLibria service over its WebSocket.

mod client;

use std::{
    collections::VecDeque,
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{net::TcpListener, sync::broadcast, task::JoinSet};

use self::client::Client;
use crate::listener::accept;

/// Maximum number of events that are stored for replay.
const MAX_REPLAY: usize = 1000;

/// Maximum number of concurrent clients. Further clients wait to be accepted.
const MAX_CLIENTS: usize = 100;

/// A service on a free port of this machine that publishes events over a WebSocket, for tests and offline work.
///
/// A test publishes events with its methods. The service sends each event to the clients that subscribed to it, stores the last
/// 1,000 events for clients that resume, and accepts any token. The service stops when it is dropped.
///
/// ```
/// use anilibria_sandbox::live::LiveSandbox;
/// use futures::{SinkExt, StreamExt};
/// use tokio::net::TcpStream;
/// use tokio_tungstenite::{client_async, tungstenite::Message};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = LiveSandbox::start().await?;
/// let stream = TcpStream::connect(service.url().trim_start_matches("http://")).await?;
/// let (mut socket, _) = client_async("ws://stand-in/", stream).await?;
/// socket.send(Message::text(r#"{"type": "subscribe_title", "data": {"title_id": 9000}}"#)).await?;
/// let subscribed = socket.next().await.transpose()?;
///
/// service.new_episode(9000, 12.5, "Sword Art Online");
///
/// let Some(Message::Text(event)) = socket.next().await.transpose()? else { panic!("no event") };
/// assert!(event.contains("12.5"));
/// # Ok(())
/// # }
/// ```
///
/// With `anilibria-client` and its features `live` and `sandbox`, the `Live` stream is the client:
/// `Live::builder(service.url())`.
pub struct LiveSandbox {
    url: String,
    hub: Arc<Hub>,
    _server: JoinSet<()>,
}

#[derive(Debug)]
struct Hub {
    log: Mutex<Log>,
    signals: broadcast::Sender<Signal>,
}

#[derive(Debug, Default)]
struct Log {
    last: u64,
    kept: VecDeque<Arc<Published>>,
}

#[derive(Clone, Debug)]
enum Signal {
    Event(Arc<Published>),
    HangUp,
}

#[derive(Debug)]
struct Published {
    id: String,
    kind: &'static str,
    release: u32,
    text: String,
}

impl LiveSandbox {
    /// Starts the service on a free port of 127.0.0.1.
    ///
    /// Needs a running tokio runtime with I/O.
    ///
    /// # Errors
    ///
    /// The error of the system if no port is free.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let hub = Arc::new(Hub { log: Mutex::default(), signals: broadcast::Sender::new(MAX_REPLAY) });
        let serve = {
            let hub = hub.clone();
            move |stream| Client::new(hub.clone()).serve(stream, hub.signals.subscribe())
        };
        let mut server = JoinSet::new();
        server.spawn(accept(listener, MAX_CLIENTS, serve));
        Ok(Self { url, hub, _server: server })
    }

    /// Returns the origin of the service, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the id of the last event. A client that resumes from it receives every later event.
    pub fn last_event_id(&self) -> String {
        id(self.hub.log().last)
    }

    /// Publishes a new episode and returns the id of the event.
    ///
    /// `title` is the name of the release.
    pub fn new_episode(&self, release: u32, ordinal: f64, title: &str) -> String {
        self.hub.publish("new_episode", release, episode(ordinal, title))
    }

    /// Publishes a change of an episode to the followers of its release and returns the id of the event.
    ///
    /// `title` is the name of the release.
    pub fn episode_update(&self, release: u32, ordinal: f64, title: &str) -> String {
        self.hub.publish("episode_update", release, episode(ordinal, title))
    }

    /// Publishes a new release and returns the id of the event.
    pub fn new_release(&self, release: u32, title: &str) -> String {
        self.hub.publish("new_title", release, json!({"title": title, "genres": []}))
    }

    /// Publishes a change of a release's status and returns the id of the event.
    ///
    /// The service knows `announced`, `ongoing` and `completed`; other words are published as they are.
    pub fn status_change(&self, release: u32, old: &str, new: &str) -> String {
        self.hub.publish("status_change", release, json!({"old_status": old, "new_status": new}))
    }

    /// Closes the connections of all clients without a closing handshake, like a network failure.
    pub fn hang_up(&self) {
        // An error means that there are no clients.
        let _ = self.hub.signals.send(Signal::HangUp);
    }
}

impl fmt::Debug for LiveSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveSandbox").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Formats an id so that the text order of ids is their numeric order.
fn id(number: u64) -> String {
    format!("{number:020}")
}

fn episode(ordinal: f64, title: &str) -> Value {
    // The text of a whole number has no fraction, so that it is an integer in JSON, as the service writes it.
    let ordinal: Value = ordinal.to_string().parse().unwrap_or_default();
    json!({"episode": ordinal, "title": title, "episode_name": ""})
}

impl Hub {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, kind: &'static str, release: u32, mut data: Value) -> String {
        let mut log = self.log();
        log.last += 1;
        let id = id(log.last);
        data["event_id"] = json!(id);
        data["title_id"] = json!(release);
        data["timestamp"] = json!(OffsetDateTime::now_utc().format(&Rfc3339).ok());
        let text = json!({"type": kind, "data": data}).to_string();
        let published = Arc::new(Published { id: id.clone(), kind, release, text });
        if log.kept.len() >= MAX_REPLAY {
            log.kept.pop_front();
        }
        log.kept.push_back(published.clone());
        // Sent under the lock, so that all clients receive events in the same order. An error means that there are no
        // clients; later ones can resume.
        let _ = self.signals.send(Signal::Event(published));
        id
    }

    /// Returns the stored events after `last`, and true if no event after it is missing.
    fn after(&self, last: &str) -> (Vec<Arc<Published>>, bool) {
        let log = self.log();
        let forgotten = log.last.saturating_sub(log.kept.len() as u64);
        let missed = log.kept.iter().filter(|published| published.id.as_str() > last);
        (missed.cloned().collect(), last >= id(forgotten).as_str())
    }
}
