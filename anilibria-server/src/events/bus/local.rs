//! The event bus of a single instance.

mod event_log;
mod journal;

use std::{
    future::pending,
    path::Path,
    sync::{Arc, Mutex as SyncMutex, MutexGuard, PoisonError},
};

use anilibria_http::trace::TraceContext;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::{Mutex, watch};

use self::{
    event_log::{EventLog, JournalFields},
    journal::Journal,
};
use super::{
    super::event::{Event, EventId},
    Bus, FencedCursor, PublishOutcome,
    publish_span::in_publish_span,
};
use crate::titles::change::TitleChange;

/// Minimum number of stored events, so that no subscriber misses one.
const MIN_CAPACITY: usize = 256;

/// Event bus of a single instance, within the process. With a directory, published events and the watcher's cursor survive a
/// restart. Both are written to disk in one step, before any subscriber receives the event. The next process therefore
/// neither misses an event nor publishes one twice.
#[derive(Debug)]
pub struct LocalBus {
    shared: Arc<Shared>,
    /// Locked during every update, so that the journal has the order of the events.
    journal: Mutex<Option<Journal>>,
}

#[derive(Debug)]
struct Shared {
    log: SyncMutex<EventLog>,
    /// Wakes the subscribers after every event.
    new_event: watch::Sender<()>,
}

impl LocalBus {
    /// Creates a bus that stores `replay` events, but at least 256. They are also stored in `directory`, if it is set
    /// and not open in another process.
    pub async fn open(directory: Option<&Path>, replay: usize) -> Self {
        let mut log = EventLog::new(replay.max(MIN_CAPACITY));
        let journal = match directory {
            Some(directory) => Journal::open(directory, &mut log).await,
            None => None,
        };
        let shared = Shared { log: SyncMutex::new(log), new_event: watch::Sender::new(()) };
        Self { shared: Arc::new(shared), journal: Mutex::new(journal) }
    }

    /// Applies `update` to a copy of the log, writes the changed fields to disk, and then replaces the log.
    async fn update<T>(&self, update: impl FnOnce(&mut EventLog) -> (T, JournalFields)) -> T {
        let mut journal = self.journal.lock().await;
        let mut log = self.shared.log().clone();
        let (result, fields) = update(&mut log);
        if let Some(journal) = journal.as_mut() {
            journal.write(fields, &log).await;
        }
        *self.shared.log() = log;
        result
    }

    /// Publishes `change` unless it was published before, and wakes the subscribers.
    async fn append(
        &self,
        change: &TitleChange,
        origin: Option<TraceContext>,
        cursor: Option<&[u8]>,
    ) -> anyhow::Result<PublishOutcome> {
        let outcome = self.update(|log| log.append(change, origin, cursor)).await;
        self.shared.new_event.send_replace(());
        Ok(outcome)
    }
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, EventLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Bus for LocalBus {
    fn system(&self) -> &'static str {
        "in_process"
    }

    async fn publish(
        &self,
        change: &TitleChange,
        cursor: FencedCursor<'_>,
    ) -> anyhow::Result<PublishOutcome> {
        in_publish_span(change, self.system(), |origin| self.append(change, origin, Some(cursor.cursor)))
            .await
    }

    async fn publish_unfenced(&self, change: &TitleChange) -> anyhow::Result<PublishOutcome> {
        in_publish_span(change, self.system(), |origin| self.append(change, origin, None)).await
    }

    async fn past(&self) -> anyhow::Result<Vec<Event>> {
        Ok(self.shared.log().past())
    }

    fn subscribe(&self, last: EventId) -> BoxStream<'static, Event> {
        let (shared, new_event) = (Arc::clone(&self.shared), self.shared.new_event.subscribe());
        stream::unfold((shared, new_event, last), async |(shared, mut new_event, last)| {
            loop {
                let next = shared.log().after(last);
                if let Some(event) = next {
                    let id = event.id();
                    return Some((event, (shared, new_event, id)));
                }
                if new_event.changed().await.is_err() {
                    // Cannot happen: the stream owns the state of the bus, and with it the sender.
                    pending::<()>().await;
                }
            }
        })
        .boxed()
    }

    async fn cursor(&self) -> anyhow::Result<Option<Bytes>> {
        Ok(self.shared.log().cursor())
    }

    async fn save_cursor(&self, cursor: &[u8]) -> anyhow::Result<()> {
        self.update(|log| ((), log.set_cursor(cursor))).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{super::conformance, *};
    use crate::{
        events::event::tests::ORIGIN,
        titles::model::title::TitleStatus::{self, Announced, Completed, Ongoing},
    };

    const CURSOR: FencedCursor<'_> = FencedCursor { token: 1, cursor: b"two" };

    fn change(old: TitleStatus, new: TitleStatus) -> TitleChange {
        TitleChange::StatusChange { title_id: 7, old, new, version: 0 }
    }

    async fn published_ids(bus: &LocalBus, count: usize) -> Vec<EventId> {
        bus.subscribe(EventId::default()).take(count).map(|event| event.id()).collect().await
    }

    #[tokio::test]
    async fn each_change_is_received_once_with_increasing_ids() {
        let bus = LocalBus::open(None, 10).await;
        let mut listener = bus.subscribe(EventId::default());

        let first = bus.publish(&change(Announced, Ongoing), CURSOR).await.unwrap();
        let again = bus.publish_unfenced(&change(Announced, Ongoing)).await.unwrap();
        assert_eq!(again, PublishOutcome::Duplicate);
        let second = bus.publish(&change(Ongoing, Completed), CURSOR).await.unwrap();

        let (one, two) = (listener.next().await.unwrap().id(), listener.next().await.unwrap().id());
        assert!(one < two);
        assert_eq!((first, second), (PublishOutcome::Published(one), PublishOutcome::Published(two)));
        assert_eq!(published_ids(&bus, 2).await, [one, two]);
    }

    #[tokio::test]
    async fn each_change_is_published_once() {
        let bus = LocalBus::open(None, 10).await;

        conformance::each_change_is_published_once(&bus).await;
    }

    #[tokio::test]
    async fn events_and_cursor_survive_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let bus = LocalBus::open(Some(directory.path()), 10).await;
        assert_eq!(bus.cursor().await.unwrap(), None);
        bus.save_cursor(b"one").await.unwrap();
        bus.publish(&change(Announced, Ongoing), CURSOR).await.unwrap();
        let (past, ids) = (bus.past().await.unwrap(), published_ids(&bus, 1).await);
        drop(bus);

        let next = LocalBus::open(Some(directory.path()), 10).await;

        assert_eq!(next.cursor().await.unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!((next.past().await.unwrap(), published_ids(&next, 1).await), (past, ids.clone()));
        assert_eq!(
            next.publish_unfenced(&change(Announced, Ongoing)).await.unwrap(),
            PublishOutcome::Duplicate
        );
        let PublishOutcome::Published(id) = next.publish_unfenced(&change(Ongoing, Completed)).await.unwrap()
        else {
            panic!("the change was not published before");
        };
        assert!(id > ids[0]);
    }

    #[tokio::test]
    async fn second_process_with_the_same_directory_stores_events_in_memory() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (
            LocalBus::open(Some(directory.path()), 10).await,
            LocalBus::open(Some(directory.path()), 10).await,
        );

        for bus in [&one, &two] {
            bus.publish(&change(Announced, Ongoing), CURSOR).await.unwrap();
            assert_eq!(published_ids(bus, 1).await.len(), 1);
        }
    }

    #[tokio::test]
    async fn damaged_journal_is_renamed_and_a_new_one_is_created() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("events.redb"), "nonsense").unwrap();

        let bus = LocalBus::open(Some(directory.path()), 10).await;
        bus.save_cursor(b"one").await.unwrap();
        drop(bus);

        let next = LocalBus::open(Some(directory.path()), 10).await;
        assert_eq!(next.cursor().await.unwrap().as_deref(), Some(&b"one"[..]));
        assert_eq!(fs::read(directory.path().join("events.redb.corrupt")).unwrap(), b"nonsense");
    }

    #[tokio::test]
    async fn number_of_events_is_limited_in_memory_and_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        let bus = LocalBus::open(Some(directory.path()), 1).await;
        for title_id in 0..=u32::try_from(MIN_CAPACITY).unwrap() {
            let change = TitleChange::StatusChange { title_id, old: Ongoing, new: Completed, version: 0 };
            bus.publish_unfenced(&change).await.unwrap();
        }
        let past = bus.past().await.unwrap();
        assert_eq!((past.len(), past[0].title_id()), (MIN_CAPACITY, 1));
        drop(bus);

        assert_eq!(LocalBus::open(Some(directory.path()), 1).await.past().await.unwrap(), past);
    }

    #[tokio::test]
    async fn origin_of_an_event_survives_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let bus = LocalBus::open(Some(directory.path()), 10).await;
        let origin = TraceContext::parse(ORIGIN.as_bytes());
        bus.append(&change(Announced, Ongoing), origin, None).await.unwrap();
        bus.append(&change(Ongoing, Completed), None, None).await.unwrap();
        drop(bus);

        let next = LocalBus::open(Some(directory.path()), 10).await;

        let published_ids: Vec<_> = next.subscribe(EventId::default()).take(2).collect().await;
        assert_eq!(published_ids.iter().map(Event::origin).collect::<Vec<_>>(), [origin, None]);
        assert!(!published_ids[0].frame().contains("4bf92f35"));
    }
}
