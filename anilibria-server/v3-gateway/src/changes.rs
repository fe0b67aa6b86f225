//! Detection of changes. One instance, the leader, compares each changed title with its previous state and publishes the
//! differences to all instances.
//!
//! Changes are reported by events of the site, by the local catalog, and by the list of the last changed torrents. The
//! previous state of a title is the one last published, which every instance remembers, or else the one in the catalog. If
//! neither is known, an event has the current state and an incomplete diff.

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
use crate::host::{HostEvents, HostTitles};

/// Name of the election of the leader.
const OFFICE: &str = "v3:events";

/// TTL of the leader lease.
const TERM: Duration = Duration::from_secs(5);

/// Pause after this instance was fenced or lost the leader lease, before it publishes again.
const PAUSE: Duration = Duration::from_millis(200);

/// The task that publishes events while this instance is the leader. Dropping it stops the task. The next leader resumes
/// with the changes that are not published yet.
#[derive(Debug)]
pub struct Changes {
    task: JoinHandle<()>,
    elector: Option<Candidate>,
}

/// Sources of events.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Reads of titles.
    pub titles: HostTitles,
    /// Events of the site.
    pub bus: Arc<dyn HostEvents>,
    /// Maximum interval between polls of torrents.
    pub interval: Duration,
}

impl Changes {
    /// Starts publishing to `news`. One of the instances that share `redis` is the leader; without `redis`, this instance
    /// is. Call this before starting the task that publishes the events of the site.
    pub fn start(sources: Sources, news: &News, redis: Option<&Redis>) -> Self {
        if let Some(redis) = redis {
            let elector = Candidate::campaign(redis.election(), OFFICE, TERM);
            let task = tokio::spawn(stand(sources, news.clone(), elector.watch()));
            return Self { task, elector: Some(elector) };
        }
        // Subscribes before the task runs: the bus of a single instance does not replay past events.
        let events = sources.bus.subscribe(RecordId::default());
        let Sources { titles, interval, .. } = sources;
        let watching = Watching::new(titles, news.clone(), 0, Bookmark::default(), interval);
        Self { task: tokio::spawn(watching.run(events)), elector: None }
    }

    /// Returns the fencing token of this instance while it is the leader; `None` if there is only one instance.
    pub fn leader(&self) -> Option<Receiver<Option<u64>>> {
        self.elector.as_ref().map(Candidate::watch)
    }

    /// Stops the task and releases the leader lease.
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

/// Publishes events whenever this instance is the leader.
async fn stand(sources: Sources, news: News, mut office: Receiver<Option<u64>>) {
    loop {
        let Ok(Some(token)) = office.wait_for(Option::is_some).await.map(|token| *token) else { return };
        tokio::select! {
            // Stops as soon as the lease is lost, because another instance may already be the leader.
            _ = office.wait_for(|now| *now != Some(token)) => {}
            () = serve(&sources, &news, token) => {}
        }
        sleep(PAUSE).await;
    }
}

async fn serve(Sources { titles, bus, interval }: &Sources, news: &News, token: u64) {
    let kept = retry_until_done("position of the v3 events cannot be read", || news.bookmark()).await;
    let bookmark = if let Some(bookmark) = kept.and_then(|kept| Bookmark::read(&kept)) {
        info!("publishing v3 events from the saved position");
        bookmark
    } else {
        info!("publishing v3 events from now on");
        begin(bus, news).await
    };
    let heard = bookmark.heard();
    let watching = Watching::new(titles.clone(), news.clone(), token, bookmark, *interval);
    watching.run(bus.subscribe(heard)).await;
}

/// Returns the position of the very first leader, after the last event of the site. Earlier events are not published.
async fn begin(bus: &Arc<dyn HostEvents>, news: &News) -> Bookmark {
    let last = retry_until_done("past events cannot be read", || bus.last()).await;
    let bookmark = Bookmark::after(last.unwrap_or_default());
    let bytes = bookmark.to_bytes();
    retry_until_done("position of the v3 events cannot be saved", || news.save_bookmark(&bytes)).await;
    bookmark
}
