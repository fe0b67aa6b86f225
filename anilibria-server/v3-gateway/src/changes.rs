//! Detection of changes. One instance, the leader, compares each changed title with its previous state and publishes the
//! differences to all instances.
//!
//! Changes are reported by events of the site, by the local catalog, and by the list of the last changed torrents. The
//! previous state of a title is its `Snapshot`: the title as last published, which every instance caches, or else the title in
//! the catalog. If neither is known, an event has the current state and an incomplete diff.

mod checkpoint;
mod compare;
mod detector;
mod diff;
mod event_queue;
mod snapshot;

use std::{sync::Arc, time::Duration};

use anilibria_cache::{
    Redis,
    coordination::{Candidate, RecordId, retry_until_done},
};
use tokio::{sync::watch::Receiver, task::JoinHandle, time::sleep};
use tracing::info;

use self::{checkpoint::Checkpoint, detector::ChangeDetector};
use super::events::EventHub;
use crate::host::{HostEvents, HostTitles};

/// Name of the leader lease.
const LEASE: &str = "v3:events";

/// TTL of the leader lease.
const LEASE_TTL: Duration = Duration::from_secs(5);

/// Delay after this instance was fenced or lost the leader lease, before it publishes again.
const RETRY_DELAY: Duration = Duration::from_millis(200);

/// Task that publishes events while this instance is the leader. Dropping it stops the task. The next leader resumes
/// with the changes that are not published yet.
#[derive(Debug)]
pub struct ChangePublisher {
    task: JoinHandle<()>,
    candidate: Option<Candidate>,
}

/// Sources of events.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Reads of titles.
    pub titles: HostTitles,
    /// Events of the site.
    pub events: Arc<dyn HostEvents>,
    /// Maximum interval between polls of torrents.
    pub interval: Duration,
}

impl ChangePublisher {
    /// Starts publishing to `hub`. One of the instances that share `redis` is the leader; without `redis`, this instance
    /// is. Call this before starting the task that publishes the events of the site.
    pub fn start(sources: Sources, hub: &EventHub, redis: Option<&Redis>) -> Self {
        if let Some(redis) = redis {
            let candidate = Candidate::campaign(redis.election(), LEASE, LEASE_TTL);
            let task = tokio::spawn(publish_as_leader(sources, hub.clone(), candidate.watch()));
            return Self { task, candidate: Some(candidate) };
        }
        // Subscribes before the task runs: the bus of a single instance does not replay past events.
        let events = sources.events.subscribe(RecordId::default());
        let Sources { titles, interval, .. } = sources;
        let detector = ChangeDetector::new(titles, hub.clone(), 0, Checkpoint::default(), interval);
        Self { task: tokio::spawn(detector.run(events)), candidate: None }
    }

    /// Returns the fencing token of this instance while it is the leader; `None` if there is only one instance.
    pub fn leader(&self) -> Option<Receiver<Option<u64>>> {
        self.candidate.as_ref().map(Candidate::watch)
    }

    /// Stops the task and releases the leader lease.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        if let Some(candidate) = self.candidate.take() {
            candidate.resign().await;
        }
    }
}

impl Drop for ChangePublisher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Publishes events whenever this instance holds the leader lease.
async fn publish_as_leader(sources: Sources, hub: EventHub, mut lease: Receiver<Option<u64>>) {
    loop {
        let Ok(Some(token)) = lease.wait_for(Option::is_some).await.map(|token| *token) else { return };
        tokio::select! {
            // Stops as soon as the lease is lost, because another instance may already be the leader.
            _ = lease.wait_for(|now| *now != Some(token)) => {}
            () = resume(&sources, &hub, token) => {}
        }
        sleep(RETRY_DELAY).await;
    }
}

async fn resume(Sources { titles, events, interval }: &Sources, hub: &EventHub, token: u64) {
    let saved = retry_until_done("checkpoint of the v3 events cannot be read", || hub.checkpoint()).await;
    let checkpoint = if let Some(checkpoint) = saved.and_then(|bytes| Checkpoint::parse(&bytes)) {
        info!("publishing v3 events from the saved checkpoint");
        checkpoint
    } else {
        info!("publishing v3 events from now on");
        first_checkpoint(events, hub).await
    };
    let last_event = checkpoint.last_event();
    let detector = ChangeDetector::new(titles.clone(), hub.clone(), token, checkpoint, *interval);
    detector.run(events.subscribe(last_event)).await;
}

/// Returns the checkpoint of the first leader, after the last event of the site. Earlier events are not published.
async fn first_checkpoint(events: &Arc<dyn HostEvents>, hub: &EventHub) -> Checkpoint {
    let last = retry_until_done("last event of the site cannot be read", || events.last()).await;
    let checkpoint = Checkpoint::after(last.unwrap_or_default());
    let bytes = checkpoint.to_bytes();
    retry_until_done("checkpoint of the v3 events cannot be saved", || hub.save_checkpoint(&bytes)).await;
    checkpoint
}
