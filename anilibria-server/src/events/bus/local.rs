//! The event bus of a single instance.

mod journal;
mod told;

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

use self::{journal::Journal, told::Told};
use super::{
    super::event::{Event, EventId},
    Bus, Published, Standing,
    publishing::publishing,
};
use crate::titles::notice::Notice;

/// Minimum number of stored events, so that no subscriber misses one.
const LEAST_KEPT: usize = 256;

/// Event bus of a single instance, within the process. With a directory, published events and the watcher's cursor survive a
/// restart. Both are written to disk in one step, before any subscriber receives the event. The next process therefore
/// neither misses an event nor publishes one twice.
#[derive(Debug)]
pub struct LocalBus {
    shared: Arc<Shared>,
    /// Held during every change, so that the journal has the order of the events.
    journal: Mutex<Option<Journal>>,
}

#[derive(Debug)]
struct Shared {
    told: SyncMutex<Told>,
    /// Notified of every event.
    bell: watch::Sender<()>,
}

impl LocalBus {
    /// Creates a bus that stores `replay` events, in `directory` if it is set and no other service holds it.
    pub async fn open(directory: Option<&Path>, replay: usize) -> Self {
        let mut told = Told::new(replay.max(LEAST_KEPT));
        let journal = match directory {
            Some(directory) => Journal::open(directory, &mut told).await,
            None => None,
        };
        let shared = Shared { told: SyncMutex::new(told), bell: watch::Sender::new(()) };
        Self { shared: Arc::new(shared), journal: Mutex::new(journal) }
    }

    /// Applies `change` to the published events, and writes its effect to disk first.
    async fn change<T>(&self, change: impl FnOnce(&mut Told) -> (T, told::Step)) -> T {
        let mut journal = self.journal.lock().await;
        let mut told = self.shared.told().clone();
        let (result, step) = change(&mut told);
        if let Some(journal) = journal.as_mut() {
            journal.write(step, &told).await;
        }
        *self.shared.told() = told;
        result
    }

    async fn tell(
        &self,
        notice: &Notice,
        origin: Option<TraceContext>,
        cursor: Option<&[u8]>,
    ) -> anyhow::Result<Published> {
        let published = self.change(|told| told.tell(notice, origin, cursor)).await;
        self.shared.bell.send_replace(());
        Ok(published)
    }
}

impl Shared {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Bus for LocalBus {
    fn system(&self) -> &'static str {
        "in_process"
    }

    async fn publish(&self, notice: &Notice, by: Standing<'_>) -> anyhow::Result<Published> {
        publishing(notice, self.system(), |origin| self.tell(notice, origin, Some(by.cursor))).await
    }

    async fn publish_aside(&self, notice: &Notice) -> anyhow::Result<Published> {
        publishing(notice, self.system(), |origin| self.tell(notice, origin, None)).await
    }

    async fn past(&self) -> anyhow::Result<Vec<Event>> {
        Ok(self.shared.told().past())
    }

    fn subscribe(&self, last: EventId) -> BoxStream<'static, Event> {
        let (shared, bell) = (Arc::clone(&self.shared), self.shared.bell.subscribe());
        stream::unfold((shared, bell, last), async |(shared, mut bell, last)| {
            loop {
                let next = shared.told().after(last);
                if let Some(event) = next {
                    let id = event.id();
                    return Some((event, (shared, bell, id)));
                }
                if bell.changed().await.is_err() {
                    // Cannot happen: the stream holds the bus, and with it the sender.
                    pending::<()>().await;
                }
            }
        })
        .boxed()
    }

    async fn cursor(&self) -> anyhow::Result<Option<Bytes>> {
        Ok(self.shared.told().cursor())
    }

    async fn save_cursor(&self, cursor: &[u8]) -> anyhow::Result<()> {
        self.change(|told| ((), told.go_on_from(cursor))).await;
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

    const STANDING: Standing<'_> = Standing { token: 1, cursor: b"two" };

    fn change(old: TitleStatus, new: TitleStatus) -> Notice {
        Notice::StatusChange { title_id: 7, old, new, version: 0 }
    }

    async fn heard(bus: &LocalBus, count: usize) -> Vec<EventId> {
        bus.subscribe(EventId::default()).take(count).map(|event| event.id()).collect().await
    }

    #[tokio::test]
    async fn what_is_published_is_heard_once_with_ids_in_order() {
        let bus = LocalBus::open(None, 10).await;
        let mut listener = bus.subscribe(EventId::default());

        let first = bus.publish(&change(Announced, Ongoing), STANDING).await.unwrap();
        let again = bus.publish_aside(&change(Announced, Ongoing)).await.unwrap();
        assert_eq!(again, Published::Known);
        let second = bus.publish(&change(Ongoing, Completed), STANDING).await.unwrap();

        let (one, two) = (listener.next().await.unwrap().id(), listener.next().await.unwrap().id());
        assert!(one < two);
        assert_eq!((first, second), (Published::New(one), Published::New(two)));
        assert_eq!(heard(&bus, 2).await, [one, two]);
    }

    #[tokio::test]
    async fn each_change_is_told_once_whoever_finds_it_and_however_late() {
        let bus = LocalBus::open(None, 10).await;

        conformance::each_change_is_told_once_whoever_finds_it_and_however_late(&bus).await;
    }

    #[tokio::test]
    async fn next_process_knows_what_was_told_and_from_where_to_go_on() {
        let directory = tempfile::tempdir().unwrap();
        let bus = LocalBus::open(Some(directory.path()), 10).await;
        assert_eq!(bus.cursor().await.unwrap(), None);
        bus.save_cursor(b"one").await.unwrap();
        bus.publish(&change(Announced, Ongoing), STANDING).await.unwrap();
        let (past, ids) = (bus.past().await.unwrap(), heard(&bus, 1).await);
        drop(bus);

        let next = LocalBus::open(Some(directory.path()), 10).await;

        assert_eq!(next.cursor().await.unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!((next.past().await.unwrap(), heard(&next, 1).await), (past, ids.clone()));
        assert_eq!(next.publish_aside(&change(Announced, Ongoing)).await.unwrap(), Published::Known);
        let Published::New(id) = next.publish_aside(&change(Ongoing, Completed)).await.unwrap() else {
            panic!("it is new");
        };
        assert!(id > ids[0]);
    }

    #[tokio::test]
    async fn second_service_with_the_same_directory_remembers_by_itself() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (
            LocalBus::open(Some(directory.path()), 10).await,
            LocalBus::open(Some(directory.path()), 10).await,
        );

        for bus in [&one, &two] {
            bus.publish(&change(Announced, Ongoing), STANDING).await.unwrap();
            assert_eq!(heard(bus, 1).await.len(), 1);
        }
    }

    #[tokio::test]
    async fn damaged_journal_is_set_aside_and_a_new_one_begun() {
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
    async fn only_so_many_events_are_remembered_on_disk_too() {
        let directory = tempfile::tempdir().unwrap();
        let bus = LocalBus::open(Some(directory.path()), 1).await;
        for title_id in 0..=u32::try_from(LEAST_KEPT).unwrap() {
            let notice = Notice::StatusChange { title_id, old: Ongoing, new: Completed, version: 0 };
            bus.publish_aside(&notice).await.unwrap();
        }
        let past = bus.past().await.unwrap();
        assert_eq!((past.len(), past[0].title_id()), (LEAST_KEPT, 1));
        drop(bus);

        assert_eq!(LocalBus::open(Some(directory.path()), 1).await.past().await.unwrap(), past);
    }

    #[tokio::test]
    async fn origin_of_an_event_outlives_the_process() {
        let directory = tempfile::tempdir().unwrap();
        let bus = LocalBus::open(Some(directory.path()), 10).await;
        let origin = TraceContext::parse(ORIGIN.as_bytes());
        bus.tell(&change(Announced, Ongoing), origin, None).await.unwrap();
        bus.tell(&change(Ongoing, Completed), None, None).await.unwrap();
        drop(bus);

        let next = LocalBus::open(Some(directory.path()), 10).await;

        let heard: Vec<_> = next.subscribe(EventId::default()).take(2).collect().await;
        assert_eq!(heard.iter().map(Event::origin).collect::<Vec<_>>(), [origin, None]);
        assert!(!heard[0].frame().contains("4bf92f35"));
    }
}
