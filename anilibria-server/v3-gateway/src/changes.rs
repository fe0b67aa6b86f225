//! What happens to titles, as v3 tells it: one instance compares each title that something has happened to with what it
//! was, and tells all instances.
//!
//! It hears that something has happened from the events of the site, from the mirrored catalogue, and from the torrents
//! that changed last. What a title was is known from what was last told of it, on every instance, or else from the
//! catalogue; where neither knows, an event says what is, and less of what was.

mod before;
mod bookmark;
mod compare;
mod diff;
mod inbox;
mod watching;

use std::{sync::Arc, time::Duration};

use anilibria_cache::{
    Redis,
    coordination::{Candidate, RecordId, retry_until_done},
};
use tokio::{sync::watch::Receiver, task::JoinHandle, time::sleep};
use tracing::info;

use self::{bookmark::Bookmark, watching::Watching};
use super::news::News;
use crate::host::{HostEvents, Titles};

/// What the instance that makes events is elected to.
const OFFICE: &str = "v3:events";

/// For how long, before it has to be confirmed.
const TERM: Duration = Duration::from_secs(5);

/// How long one that was outdone waits before it stands again.
const PAUSE: Duration = Duration::from_millis(200);

/// The task that makes events, or stands by to do so. It ends when it is dropped; what it has not told by then is told by
/// the next.
#[derive(Debug)]
pub struct Changes {
    task: JoinHandle<()>,
    elector: Option<Candidate>,
}

/// What events are made of.
#[derive(Clone, Debug)]
pub struct Sources {
    /// What titles are read from.
    pub titles: Titles,
    /// Brings the events of the site.
    pub bus: Arc<dyn HostEvents>,
    /// Time between two looks at torrents.
    pub interval: Duration,
}

impl Changes {
    /// Starts to make `news`: on one of all instances that share `redis`. It has to be started before the task that the
    /// events of the site come from.
    pub fn start(sources: Sources, news: &News, redis: Option<&Redis>) -> Self {
        if let Some(redis) = redis {
            let elector = Candidate::campaign(redis.election(), OFFICE, TERM);
            let task = tokio::spawn(stand(sources, news.clone(), elector.watch()));
            return Self { task, elector: Some(elector) };
        }
        // At once: the bus of a single instance remembers nothing for those who come late.
        let events = sources.bus.subscribe(RecordId::default());
        let Sources { titles, interval, .. } = sources;
        let watching = Watching::new(titles, news.clone(), 0, Bookmark::default(), interval);
        Self { task: tokio::spawn(watching.run(events)), elector: None }
    }

    /// Returns the fencing token of this instance while it makes events; `None` if there is only one instance.
    pub fn leader(&self) -> Option<Receiver<Option<u64>>> {
        self.elector.as_ref().map(Candidate::watch)
    }

    /// Ends the task and makes way for another instance.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        if let Some(elector) = self.elector.take() {
            elector.resign().await;
        }
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Makes events whenever this instance holds the office.
async fn stand(sources: Sources, news: News, mut office: Receiver<Option<u64>>) {
    loop {
        let Ok(Some(token)) = office.wait_for(Option::is_some).await.map(|token| *token) else { return };
        tokio::select! {
            // It must not go on for a moment after it has lost the office: somebody else makes them already.
            _ = office.wait_for(|now| *now != Some(token)) => {}
            () = serve(&sources, &news, token) => {}
        }
        sleep(PAUSE).await;
    }
}

async fn serve(Sources { titles, bus, interval }: &Sources, news: &News, token: u64) {
    let kept = retry_until_done("The place to go on from in v3 cannot be read", || news.bookmark()).await;
    let bookmark = if let Some(bookmark) = kept.and_then(|kept| Bookmark::read(&kept)) {
        info!("Events of v3 are made from where the last one to do so has stopped");
        bookmark
    } else {
        info!("Events of v3 are made from now on");
        begin(bus, news).await
    };
    let heard = bookmark.heard();
    let watching = Watching::new(titles.clone(), news.clone(), token, bookmark, *interval);
    watching.run(bus.subscribe(heard)).await;
}

/// The place from which the first one ever goes on: what was before is no news.
async fn begin(bus: &Arc<dyn HostEvents>, news: &News) -> Bookmark {
    let last = retry_until_done("Past events cannot be read", || bus.last()).await;
    let bookmark = Bookmark::after(last.unwrap_or_default());
    let bytes = bookmark.to_bytes();
    retry_until_done("The place to go on from in v3 cannot be saved", || news.save_bookmark(&bytes)).await;
    bookmark
}
