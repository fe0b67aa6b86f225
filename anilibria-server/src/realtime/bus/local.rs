//! The bus of a service that is alone.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Instant,
};

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::{
    sync::mpsc::{self, Sender},
    task::spawn_blocking,
};

use super::{
    super::{
        event::{Event, EventId},
        notice::Notice,
    },
    Bus, Published, Standing,
};

/// The name of the file that holds the cursor.
const FILE: &str = "events.cursor";

/// Events that may wait for a subscriber; then whoever publishes waits.
const INBOX: usize = 64;

/// Notices that are remembered to tell each only once; more than there are in a day.
const MOST_KNOWN: usize = 10_000;

/// The bus of a service that is alone: it goes to the service itself. The cursor outlives the process where there is a
/// directory for it.
#[derive(Debug)]
pub struct LocalBus {
    cursor: Option<PathBuf>,
    told: Mutex<Told>,
    subscribers: Mutex<Vec<Sender<Event>>>,
}

#[derive(Debug, Default)]
struct Told {
    last: EventId,
    /// Identities of notices, and until when they are known.
    known: HashMap<String, Instant>,
}

impl LocalBus {
    /// A bus that keeps the cursor in `directory`, if there is one.
    pub fn new(directory: Option<&Path>) -> Self {
        Self {
            cursor: directory.map(|directory| directory.join(FILE)),
            told: Mutex::default(),
            subscribers: Mutex::default(),
        }
    }
}

impl Told {
    /// The id of `notice`, unless it was told.
    fn id(&mut self, notice: &Notice) -> Option<EventId> {
        let now = Instant::now();
        let (identity, remembered) = notice.identity();
        if self.known.get(&identity).is_some_and(|until| now < *until) {
            return None;
        }
        if self.known.len() >= MOST_KNOWN {
            self.known.retain(|_, until| now < *until);
        }
        if self.known.len() < MOST_KNOWN {
            self.known.insert(identity, now + remembered);
        }
        self.last = EventId::now().max(self.last.next());
        Some(self.last)
    }
}

#[async_trait]
impl Bus for LocalBus {
    async fn publish(&self, notice: &Notice, by: Standing<'_>) -> anyhow::Result<Published> {
        let published = self.publish_aside(notice).await?;
        self.save_cursor(by.cursor).await?;
        Ok(published)
    }

    async fn publish_aside(&self, notice: &Notice) -> anyhow::Result<Published> {
        let id = self.told.lock().unwrap_or_else(PoisonError::into_inner).id(notice);
        if let Some(id) = id {
            let event = Event::new(id, notice);
            let subscribers = self.subscribers.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for subscriber in subscribers {
                // One that is gone is forgotten below.
                let _ = subscriber.send(event.clone()).await;
            }
            let mut subscribers = self.subscribers.lock().unwrap_or_else(PoisonError::into_inner);
            subscribers.retain(|subscriber| !subscriber.is_closed());
        }
        Ok(id.map_or(Published::Known, Published::New))
    }

    async fn past(&self) -> anyhow::Result<Vec<Event>> {
        Ok(Vec::new())
    }

    fn subscribe(&self, _last: EventId) -> BoxStream<'static, Event> {
        let (outbox, inbox) = mpsc::channel(INBOX);
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner).push(outbox);
        stream::unfold(inbox, async |mut inbox| inbox.recv().await.map(|event| (event, inbox))).boxed()
    }

    async fn cursor(&self) -> anyhow::Result<Option<Bytes>> {
        let Some(path) = self.cursor.clone() else { return Ok(None) };
        spawn_blocking(move || match fs::read(&path) {
            Ok(cursor) => Ok(Some(cursor.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        })
        .await?
    }

    async fn save_cursor(&self, cursor: &[u8]) -> anyhow::Result<()> {
        let (Some(path), cursor) = (self.cursor.clone(), cursor.to_vec()) else { return Ok(()) };
        spawn_blocking(move || replace(&path, &cursor).with_context(|| path.display().to_string())).await?
    }
}

/// Written beside its place and then moved there, so that a crash leaves the old file.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    // Of two services with one directory each writes a file of its own.
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = File::create(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    });
    written.inspect_err(|_| drop(fs::remove_file(&draft)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::title::TitleStatus::{Announced, Completed, Ongoing};

    const STANDING: Standing<'_> = Standing { token: 1, cursor: b"two" };

    fn change(old: crate::model::title::TitleStatus) -> Notice {
        Notice::StatusChange { title_id: 7, old, new: Ongoing }
    }

    #[tokio::test]
    async fn what_is_published_is_heard_once_with_ids_in_order() {
        let bus = LocalBus::new(None);
        let mut heard = bus.subscribe(EventId::default());

        let first = bus.publish(&change(Announced), STANDING).await.unwrap();
        assert_eq!(bus.publish(&change(Announced), STANDING).await.unwrap(), Published::Known);
        let second = bus.publish(&change(Completed), STANDING).await.unwrap();

        let (one, two) = (heard.next().await.unwrap().id(), heard.next().await.unwrap().id());
        assert!(one < two);
        assert_eq!((first, second), (Published::New(one), Published::New(two)));
    }

    #[tokio::test]
    async fn cursor_is_there_for_the_next_process() {
        let directory = tempfile::tempdir().unwrap();
        let bus = LocalBus::new(Some(directory.path()));
        assert_eq!(bus.cursor().await.unwrap(), None);

        bus.save_cursor(b"one").await.unwrap();
        bus.publish(&change(Announced), STANDING).await.unwrap();

        let next = LocalBus::new(Some(directory.path()));
        assert_eq!(next.cursor().await.unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn without_a_directory_nothing_outlives_the_process() {
        let bus = LocalBus::new(None);

        bus.save_cursor(b"one").await.unwrap();

        assert_eq!(bus.cursor().await.unwrap(), None);
    }
}
