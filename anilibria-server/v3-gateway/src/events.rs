//! Hub of the events of v3: the leader publishes them, and every instance sends them to its clients.

mod event;
mod title_cache;

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

pub use self::event::{Event, EventKind};
use self::title_cache::TitleCache;

/// Name of the Redis stream of events.
const FEED: &str = "v3:events";

/// Maximum events in the stream, for replay to other instances. Each event contains a complete title.
const MAX_RECORDS: usize = 128;

/// Upper limit of the configured number of queued events for a client.
const MAX_QUEUE: usize = 65_536;

/// Time during which an event with the same identity is published only once, by any instance.
const DEDUPLICATION_WINDOW: Duration = Duration::from_mins(10);

/// Maximum age of an event, relative to the start of this instance, at which it is still sent to clients.
const MAX_AGE: Duration = Duration::from_secs(5);

/// Maximum bytes of an event. The usual WebSocket client for Python refuses messages above four megabytes.
const MAX_BYTES: usize = 4 * 1024 * 1024 - 1024;

/// Hub of the events of v3. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventHub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    stream: Option<RedisStream>,
    clients: broadcast::Sender<Event>,
    /// Titles as last published.
    titles: Mutex<TitleCache>,
}

/// The stream of events that all instances share.
#[derive(Debug)]
struct RedisStream {
    feed: RedisFeed,
    channel: String,
    prefix: String,
}

/// An event that is not published yet.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingEvent {
    /// Type of the event.
    pub kind: EventKind,
    /// Identity of the change. Changes of the same type and identity are duplicates.
    pub identity: String,
    /// Data of the event.
    pub data: Value,
}

/// State of the publisher of an event.
#[derive(Clone, Copy, Debug)]
pub struct PublisherState<'a> {
    /// Fencing token of the leader lease.
    pub fencing_token: u64,
    /// Checkpoint of the leader after this event.
    pub checkpoint: &'a [u8],
}

/// Outcomes of publishing an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The event was published.
    Published,
    /// The event is a duplicate or too large, and was not published.
    Skipped,
    /// Another instance is the leader.
    Fenced,
}

impl EventHub {
    /// Creates a hub for all instances that share `redis`; without `redis`, for this instance only. `prefix` is the prefix of
    /// names in Redis. `queue` is the maximum number of queued events for a client.
    pub fn new(redis: Option<&Redis>, prefix: &str, queue: usize) -> Self {
        let clients = broadcast::Sender::new(queue.clamp(1, MAX_QUEUE));
        let stream = redis.map(|redis| RedisStream {
            feed: redis.feed(FEED).max_records(MAX_RECORDS),
            channel: format!("{prefix}{FEED}"),
            prefix: prefix.to_owned(),
        });
        Self(Arc::new(Shared { stream, clients, titles: Mutex::default() }))
    }

    /// Returns a receiver of all events from now on, in order.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.clients.subscribe()
    }

    /// Starts the task that receives events of other instances. Returns `None` without Redis.
    pub fn start_consumer(&self) -> Option<EventConsumer> {
        let stream = self.0.stream.as_ref()?;
        let (hub, started) = (self.clone(), RecordId::now().before(MAX_AGE));
        // Replays the whole stream, so that a new instance knows the titles that were published.
        let mut records = stream.feed.subscribe([&stream.channel], RecordId::default());
        let task = tokio::spawn(async move {
            while let Some(Record { id, payload, .. }) = records.next().await {
                match Event::parse(&payload) {
                    Some(event) if id > started => hub.broadcast(event),
                    Some(event) => hub.titles().apply(&event),
                    // Another version of the service may publish more types of events.
                    None => warn!(%id, "record in Redis is not a v3 event, skipped"),
                }
            }
        });
        Some(EventConsumer { task })
    }

    /// Returns a title as last published, if it is in the cache.
    pub(super) fn published_title(&self, id: u32) -> Option<Arc<Title>> {
        self.titles().get(id)
    }

    /// Stores a title as last published.
    pub(super) fn set_published_title(&self, title: Title) {
        self.titles().set(Arc::new(title));
    }

    /// Publishes an event to all instances, this one included.
    pub(super) async fn publish(
        &self,
        event: PendingEvent,
        publisher: PublisherState<'_>,
    ) -> anyhow::Result<PublishOutcome> {
        let PendingEvent { kind, identity, data } = event;
        let event = Event::new(kind, data);
        if event.frame().len() > MAX_BYTES {
            warn!(%kind, identity, bytes = event.frame().len(), "v3 event is too large, not published");
            return Ok(PublishOutcome::Skipped);
        }
        let Some(stream) = &self.0.stream else {
            info!(%kind, identity, "v3 event published");
            self.broadcast(event);
            return Ok(PublishOutcome::Published);
        };
        let key = format!("{}v3:{kind}:{identity}", stream.prefix);
        let record = stream
            .feed
            .record(&stream.channel)
            .idempotency_key(&key, DEDUPLICATION_WINDOW)
            .checkpoint(publisher.checkpoint)
            .fencing_token(publisher.fencing_token);
        let outcome = match stream.feed.append(&record, |_| event.frame().as_bytes().to_vec()).await? {
            AppendOutcome::Appended(id) => {
                info!(%id, %kind, identity, "v3 event published");
                PublishOutcome::Published
            }
            AppendOutcome::Duplicate => PublishOutcome::Skipped,
            AppendOutcome::Fenced => PublishOutcome::Fenced,
        };
        // The stream delivers the event to this instance as well, but the next comparison of the leader needs the new state.
        self.titles().apply(&event);
        Ok(outcome)
    }

    /// Returns the checkpoint of the leader; `None` if it was never saved, or without Redis.
    pub(super) async fn checkpoint(&self) -> anyhow::Result<Option<Bytes>> {
        match &self.0.stream {
            Some(stream) => Ok(stream.feed.checkpoint().await?),
            None => Ok(None),
        }
    }

    /// Saves the checkpoint of the leader.
    pub(super) async fn save_checkpoint(&self, checkpoint: &[u8]) -> anyhow::Result<()> {
        match &self.0.stream {
            Some(stream) => Ok(stream.feed.set_checkpoint(checkpoint).await?),
            None => Ok(()),
        }
    }

    fn broadcast(&self, event: Event) {
        self.titles().apply(&event);
        // The only error is that there is no receiver.
        let _ = self.0.clients.send(event);
    }

    fn titles(&self) -> MutexGuard<'_, TitleCache> {
        self.0.titles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Task that receives the events of all instances. Dropping it stops the task.
#[derive(Debug)]
pub struct EventConsumer {
    task: JoinHandle<()>,
}

impl Drop for EventConsumer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
