//! Events of v3, from the instance that makes them to all clients of all instances.

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

/// The stream that remembers events.
const FEED: &str = "v3:events";

/// Events that are remembered in Redis for instances that are away; whole titles are in them.
const KEPT: usize = 128;

/// No more events than this wait for a client, whatever is set.
const MAX_QUEUE: usize = 65_536;

/// For how long the same is told only once, whichever instance notices it.
const ONCE: Duration = Duration::from_mins(10);

/// Events that are older than an instance by so much are not told to its clients, who have just come.
const LATE: Duration = Duration::from_secs(5);

/// Most bytes of an event: Python's usual client gives up at four megabytes.
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

/// The way to all instances, where there are several.
#[derive(Debug)]
struct Way {
    feed: RedisFeed,
    channel: String,
    prefix: String,
}

/// Something that has happened, before it is an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What kind of event it is.
    pub kind: Kind,
    /// What makes it the same as another one of its kind.
    pub identity: String,
    /// What has happened.
    pub data: Value,
}

/// Who publishes.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The token of the office of the one who does.
    pub token: u64,
    /// How far it is with this event.
    pub bookmark: &'a [u8],
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is on its way.
    New,
    /// It was told before, or nobody could take it.
    Known,
    /// Somebody else makes events.
    Outdated,
}

impl News {
    /// Events that reach all who share `redis`, or this instance alone. `prefix` is what names in Redis begin with, and
    /// `queue` how many events wait for a client.
    pub fn new(redis: Option<&Redis>, prefix: &str, queue: usize) -> Self {
        let clients = broadcast::Sender::new(queue.clamp(1, MAX_QUEUE));
        let way = redis.map(|redis| Way {
            feed: redis.feed(FEED).max_records(KEPT),
            channel: format!("{prefix}{FEED}"),
            prefix: prefix.to_owned(),
        });
        Self(Arc::new(Shared { way, clients, known: Mutex::default() }))
    }

    /// Every event from now on, in order.
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.0.clients.subscribe()
    }

    /// Starts the task that hears what other instances tell, if there can be any.
    pub fn pump(&self) -> Option<NewsPump> {
        let way = self.0.way.as_ref()?;
        let (news, started) = (self.clone(), RecordId::now().before(LATE));
        // From as far back as is remembered: an instance that has just come learns what the others know.
        let mut posts = way.feed.subscribe([&way.channel], RecordId::default());
        let task = tokio::spawn(async move {
            while let Some(Record { id, payload, .. }) = posts.next().await {
                match Event::read(&payload) {
                    Some(event) if id > started => news.tell(event),
                    Some(event) => news.memory().learn(&event),
                    // Another version of the service may know more kinds.
                    None => warn!(%id, "Among the events of v3 in Redis is something else"),
                }
            }
        });
        Some(NewsPump { task })
    }

    /// A title as it was last told, if that is known.
    pub(super) fn known(&self, id: u32) -> Option<Arc<Title>> {
        self.memory().get(id)
    }

    /// Takes note of a title of which everything has been told.
    pub(super) fn learn(&self, title: Title) {
        self.memory().set(Arc::new(title));
    }

    /// Tells all instances, this one among them.
    pub(super) async fn publish(&self, draft: Draft, by: Standing<'_>) -> anyhow::Result<Published> {
        let Draft { kind, identity, data } = draft;
        let event = Event::new(kind, data);
        if event.frame().len() > MAX_BYTES {
            warn!(%kind, identity, bytes = event.frame().len(), "An event is too large to be told");
            return Ok(Published::Known);
        }
        let Some(way) = &self.0.way else {
            info!(%kind, identity, "An event of v3 was published");
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
                info!(%id, %kind, identity, "An event of v3 was published");
                Published::New
            }
            AppendOutcome::Duplicate => Published::Known,
            AppendOutcome::Fenced => Published::Outdated,
        };
        // It comes over the feed, too, but whoever makes events goes on at once.
        self.memory().learn(&event);
        Ok(published)
    }

    /// How far whoever makes events is; `None` when nobody has ever begun, or this instance is alone.
    pub(super) async fn bookmark(&self) -> anyhow::Result<Option<Bytes>> {
        match &self.0.way {
            Some(way) => Ok(way.feed.checkpoint().await?),
            None => Ok(None),
        }
    }

    /// Notes how far whoever makes events is.
    pub(super) async fn save_bookmark(&self, bookmark: &[u8]) -> anyhow::Result<()> {
        match &self.0.way {
            Some(way) => Ok(way.feed.set_checkpoint(bookmark).await?),
            None => Ok(()),
        }
    }

    fn tell(&self, event: Event) {
        self.memory().learn(&event);
        // It fails only when nobody listens.
        let _ = self.0.clients.send(event);
    }

    fn memory(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that hears what other instances tell. It ends when it is dropped.
#[derive(Debug)]
pub struct NewsPump {
    task: JoinHandle<()>,
}

impl Drop for NewsPump {
    fn drop(&mut self) {
        self.task.abort();
    }
}
