//! Where events come from: one instance watches AniLibria.

use std::{convert::Infallible, sync::Arc, time::Duration};

use anilibria_client::{
    Client,
    watch::{self, Cursor, WatchBuilder},
};
use futures::StreamExt as _;
use tokio::{task::JoinHandle, time::sleep};
use tracing::{info, warn};

use super::{bus::Bus, notice::Notice};
use crate::titles::Titles;

/// The shortest and the longest wait before something that failed is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// The task that watches AniLibria. It ends when it is dropped; what it has not told by then is told by the next.
#[derive(Debug)]
pub struct Source {
    task: JoinHandle<Infallible>,
}

impl Source {
    /// Watches what `titles` are read from, with `interval` between two looks, and puts what it sees on `bus`.
    pub fn start(titles: &Titles, bus: Arc<dyn Bus>, interval: Duration) -> Self {
        let source = Watching { titles: titles.clone(), bus, interval };
        Self { task: tokio::spawn(source.run()) }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Watching {
    titles: Titles,
    bus: Arc<dyn Bus>,
    interval: Duration,
}

impl Watching {
    async fn run(self) -> Infallible {
        let cursor = self.cursor().await;
        let mut events = self.watch().since(cursor).events();
        let mut failed = false;
        loop {
            match events.next().await {
                Some(Ok(event)) => {
                    failed = false;
                    let cursor = events.cursor().unwrap_or_default();
                    self.tell(&event, &cursor.to_bytes()).await;
                }
                Some(Err(error)) if !failed => {
                    failed = true;
                    warn!(%error, "AniLibria cannot be watched, trying on");
                }
                // It waits by itself before it tries again.
                Some(Err(_)) => {}
                // It never ends; should it do so all the same, nothing is gained by asking again at once.
                None => sleep(self.interval).await,
            }
        }
    }

    fn watch(&self) -> WatchBuilder {
        self.client().watch().every(self.interval).at_most(self.interval)
    }

    fn client(&self) -> &Client {
        self.titles.client()
    }

    /// Where the last one to watch has stopped, be it another instance, or else the present.
    async fn cursor(&self) -> Cursor {
        let kept = until_done("The place to go on from cannot be read", || self.bus.cursor()).await;
        match kept.as_deref().map(Cursor::from_bytes) {
            Some(Ok(cursor)) => {
                info!("Events are told from where the last run has stopped");
                return cursor;
            }
            Some(Err(error)) => {
                warn!(%error, "The place to go on from is damaged");
            }
            None => {}
        }
        let watch = self.watch();
        let present = || async { Ok(watch.present().await?) };
        let cursor = until_done("The present state of AniLibria cannot be read", present).await;
        let bytes = cursor.to_bytes();
        until_done("The place to go on from cannot be saved", || self.bus.save_cursor(&bytes)).await;
        info!("Events are told from now on");
        cursor
    }

    /// Puts `event` on the bus, however long it takes: meanwhile nothing is asked of AniLibria, and nothing lost.
    async fn tell(&self, event: &watch::Event, cursor: &[u8]) {
        let Some(notice) = Notice::of(self.client(), event) else {
            warn!("AniLibria has changed more than can be told in single events");
            self.titles.catalogue_changed(&[]).await;
            return;
        };
        let published =
            until_done("An event cannot be published", || self.bus.publish(&notice, cursor)).await;
        if let Some(id) = published {
            info!(%id, kind = %notice.kind(), title_id = notice.title_id(), "An event was published");
        }
    }
}

/// Does `work` until it succeeds. Only the first failure is logged.
async fn until_done<T, F>(failure: &str, mut work: impl FnMut() -> F) -> T
where
    F: Future<Output = anyhow::Result<T>>,
{
    let (mut pause, longest) = BACKOFF;
    let mut has_warned = false;
    loop {
        match work().await {
            Ok(done) => return done,
            Err(error) if !has_warned => {
                has_warned = true;
                warn!(%error, "{failure}, trying on");
            }
            Err(_) => {}
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}
