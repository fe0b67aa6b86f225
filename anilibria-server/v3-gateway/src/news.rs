//! Distribution of events of v3, from the leader to all clients of all instances.

mod event;
mod known;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anilibria_cache::{
    Redis,
    coordination::{AppendOutcome, Record, RecordId, RedisFeed},
};
use anilibria_client::v3::model::Title;
use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::Value;
use tokio::{sync::broadcast, task::JoinHandle};
use tracing::{info, warn};

pub use self::event::{Event, Kind};
use self::known::Known;

/// Name of the Redis stream of events.
const FEED: &str = "v3:events";

/// Maximum events in the stream, for replay to other instances. Each holds a whole title.
const KEPT: usize = 128;

/// Upper limit of queued events for a client, whatever the configuration says.
const MAX_QUEUE: usize = 65_536;

/// Time during which an event with the same identity is published only once, whichever instance detects it.
const ONCE: Duration = Duration::from_mins(10);

/// Maximum age of an event, relative to the start of this instance, at which it is still sent to clients.
const LATE: Duration = Duration::from_secs(5);

/// Maximum bytes of an event. The usual WebSocket client for Python refuses messages above four megabytes.
const MAX_BYTES: usize = 4 * 1024 * 1024 - 1024;

/// Events of v3. Cheap to clone.
#[derive(Clone, Debug)]
pub struct News(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    way: Option<Way>,
    clients: broadcast::Sender<Event>,
    known: Mutex<Known>,
}

/// Connection to the other instances.
#[derive(Debug)]
struct Way {
    feed: RedisFeed,
    channel: String,
    prefix: String,
}

/// A change that is to be published as an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Type of the event.
    pub kind: Kind,
    /// Identity of the change. Changes of the same type and identity are duplicates.
    pub identity: String,
    /// Data of the event.
    pub data: Value,
}

/// The publisher of an event.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Fencing token of the leader lease.
    pub token: u64,
    /// Position of the leader after this event.
    pub bookmark: &'a [u8],
}

/// Outcomes of publishing an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The event was published.
    New,
    /// The event is a duplicate or too large, and was not published.
    Known,
    /// Another instance is the leader.
    Outdated,
}

impl News {
    /// Creates the distribution to all instances that share `redis`; without `redis`, to this instance only. `prefix` is the
    /// prefix of names in Redis. `queue` is the maximum number of queued events for a client.
    pub fn new(redis: Option<&Redis>, prefix: &str, queue: usize) -> Self {
        let clients = broadcast::Sender::new(queue.clamp(1, MAX_QUEUE));
        let way = redis.map(|redis| Way {
            feed: redis.feed(FEED).max_records(KEPT),
            channel: format!("{prefix}{FEED}"),
            prefix: prefix.to_owned(),
        });
        Self(Arc::new(Shared { way, clients, known: Mutex::default() }))
    }

    /// Returns a receiver of all events from now on, in order.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.0.clients.subscribe()
    }

    /// Starts the task that receives events of other instances. Returns `None` without Redis.
    pub fn pump(&self) -> Option<NewsPump> {
        let way = self.0.way.as_ref()?;
        let (news, started) = (self.clone(), RecordId::now().before(LATE));
        // Replays the whole stream, so that a new instance knows the titles that were published.
        let mut posts = way.feed.subscribe([&way.channel], RecordId::default());
        let task = tokio::spawn(async move {
            while let Some(Record { id, payload, .. }) = posts.next().await {
                match Event::read(&payload) {
                    Some(event) if id > started => news.tell(event),
                    Some(event) => news.memory().learn(&event),
                    // Another version of the service may publish more types.
                    None => warn!(%id, "foreign record among the v3 events in Redis skipped"),
                }
            }
        });
        Some(NewsPump { task })
    }

    /// Returns a title as last published, if it is in the cache.
    pub(super) fn known(&self, id: u32) -> Option<Arc<Title>> {
        self.memory().get(id)
    }

    /// Stores a title as last published.
    pub(super) fn learn(&self, title: Title) {
        self.memory().set(Arc::new(title));
    }

    /// Publishes an event to all instances, this one included.
    pub(super) async fn publish(&self, draft: Draft, by: Standing<'_>) -> anyhow::Result<Published> {
        let Draft { kind, identity, data } = draft;
        let event = Event::new(kind, data);
        if event.frame().len() > MAX_BYTES {
            warn!(%kind, identity, bytes = event.frame().len(), "v3 event too large to be published");
            return Ok(Published::Known);
        }
        let Some(way) = &self.0.way else {
            info!(%kind, identity, "v3 event published");
            self.tell(event);
            return Ok(Published::New);
        };
        let once = format!("{}v3:{kind}:{identity}", way.prefix);
        let post = way
            .feed
            .record(&way.channel)
            .idempotency_key(&once, ONCE)
            .checkpoint(by.bookmark)
            .fencing_token(by.token);
        let published = match way.feed.append(&post, |_| event.frame().as_bytes().to_vec()).await? {
            AppendOutcome::Appended(id) => {
                info!(%id, %kind, identity, "v3 event published");
                Published::New
            }
            AppendOutcome::Duplicate => Published::Known,
            AppendOutcome::Fenced => Published::Outdated,
        };
        // The stream delivers the event, too, but the leader needs the new state for its next comparison.
        self.memory().learn(&event);
        Ok(published)
    }

    /// Returns the position of the leader; `None` if it was never saved, or without Redis.
    pub(super) async fn bookmark(&self) -> anyhow::Result<Option<Bytes>> {
        match &self.0.way {
            Some(way) => Ok(way.feed.checkpoint().await?),
            None => Ok(None),
        }
    }

    /// Saves the position of the leader.
    pub(super) async fn save_bookmark(&self, bookmark: &[u8]) -> anyhow::Result<()> {
        match &self.0.way {
            Some(way) => Ok(way.feed.set_checkpoint(bookmark).await?),
            None => Ok(()),
        }
    }

    fn tell(&self, event: Event) {
        self.memory().learn(&event);
        // The only error is that there is no receiver.
        let _ = self.0.clients.send(event);
    }

    fn memory(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that receives events of other instances. Dropping it stops the task.
#[derive(Debug)]
pub struct NewsPump {
    task: JoinHandle<()>,
}

impl Drop for NewsPump {
    fn drop(&mut self) {
        self.task.abort();
    }
}
